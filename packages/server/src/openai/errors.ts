import { IzwiError, type ErrorCode } from "@izwi/core";
import { z } from "@hono/zod-openapi";

/** What an error says, in OpenAI's terms. */
export interface ErrorBody {
  message: string;
  type: string;
  /** The wrong field's path in the request, such as `messages[0].content`. */
  param: string | null;
  code: string | null;
}

/** An error with the HTTP status that it's answered with. */
export class ApiError extends Error {
  readonly status: number;
  readonly body: ErrorBody;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    body: { message: string; type?: string; param?: string | null; code?: string | null },
    options: ErrorOptions & { headers?: Record<string, string> } = {},
  ) {
    super(body.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ApiError";
    this.status = status;
    this.headers = options.headers ?? {};
    this.body = {
      message: body.message,
      type: body.type ?? typeOfStatus(status),
      param: body.param ?? null,
      code: body.code ?? null,
    };
  }
}

/** The schema of every error's body. */
export const ErrorResponse = z
  .object({
    error: z.object({
      message: z.string(),
      type: z.string().openapi({ example: "invalid_request_error" }),
      param: z.string().nullable().openapi({ example: "messages[0].content" }),
      code: z.string().nullable(),
    }),
  })
  .openapi("Error");

export interface ErrorAnswer {
  status: number;
  headers: Record<string, string>;
  body: { error: ErrorBody };
}

/** Whatever was thrown, as the answer to send. What isn't known is an internal error that says nothing of itself. */
export function toErrorResponse(error: unknown): ErrorAnswer {
  const { status, headers, body } = toApiError(error);
  return { status, headers: { ...headers }, body: { error: body } };
}

/** Whatever was thrown, as an ApiError. `promptField` is the field that is to blame for too long a prompt. */
export function toApiError(error: unknown, promptField = "messages"): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof IzwiError) return fromIzwiError(error, promptField);
  if (error instanceof z.ZodError) return invalidRequest(error.issues);
  if (isHttpException(error)) {
    const message = error.message || `The server answered with status ${error.status}.`;
    return new ApiError(error.status, { message }, { cause: error });
  }
  if (isAbort(error)) return ABORTED;
  return new ApiError(500, { message: "The server failed to answer. Its log says more." }, { cause: error });
}

/** A request's field with a value that can't be used. */
export function badParameter(param: string, message: string, code: string | null = null): ApiError {
  return new ApiError(400, { message, param, code });
}

/** The 400 for a body that doesn't match its schema: the first thing wrong with it, by the field's name. */
export function invalidRequest(issues: readonly z.core.$ZodIssue[]): ApiError {
  const { path, message, missing } = deepestIssue(issues[0]);
  const param = paramOf(path);
  const code = missing ? "missing_required_parameter" : "invalid_value";
  const text = param === null ? message : missing ? `${param} is required.` : `${param}: ${message}`;
  return new ApiError(400, { message: text, param, code });
}

/** For hono's validators (`defaultHook`): throws instead of answering, so that all errors take one way. */
export function validationHook(result: { success: true } | { success: false; error: z.ZodError }): void {
  if (!result.success) throw invalidRequest(result.error.issues);
}

/** `["messages", 0, "content"]` as `messages[0].content`. */
export function paramOf(path: readonly PropertyKey[]): string | null {
  const text = path.reduce<string>(
    (text, key) => (typeof key === "number" ? `${text}[${key}]` : text === "" ? String(key) : `${text}.${String(key)}`),
    "",
  );
  return text === "" ? null : text;
}

const ABORTED = new ApiError(499, { message: "The request was aborted.", type: "request_aborted", code: "aborted" });

/** Seconds after which a client may try again. */
const RETRY = { headers: { "retry-after": "1" } };

function fromIzwiError(error: IzwiError, promptField: string): ApiError {
  const { code, message, cause } = error;
  if (code === "ABORTED") {
    if (cause instanceof ApiError) return cause;
    return ABORTED;
  }
  const answer = ANSWERS[code];
  const headers = answer.retry ? RETRY.headers : {};
  const param = answer.param === PROMPT ? promptField : (answer.param ?? fieldNamedBy(message));
  const type = answer.type ?? typeOfStatus(answer.status);
  const body = { message, type, code: answer.code, param };
  return new ApiError(answer.status, body, { cause: error, headers });
}

interface Answer {
  status: number;
  code: string;
  type?: string;
  param?: string;
  retry?: boolean;
}

/** Stands for the field that holds the prompt, which each endpoint names differently. */
const PROMPT = "<prompt>";

/** Codes of packages above core, which a server that is built on them may meet. */
type FurtherCode = "INVALID_ANSWER" | "INVALID_SESSION_FILE" | "UPSTREAM_FAILED";

const ANSWERS: Record<Exclude<ErrorCode | FurtherCode, "ABORTED">, Answer> = {
  MODEL_NOT_FOUND: { status: 404, code: "model_not_found", param: "model" },
  INVALID_MODEL_FILE: { status: 400, code: "invalid_model_file", param: "model" },
  UNSUPPORTED_MODEL: { status: 400, code: "unsupported_model", param: "model" },
  INVALID_REQUEST: { status: 400, code: "invalid_value" },
  CONTEXT_OVERFLOW: { status: 400, code: "context_length_exceeded", param: PROMPT },
  TEMPLATE_ERROR: { status: 400, code: "template_error", param: PROMPT },
  QUEUE_FULL: { status: 429, code: "queue_full", type: "rate_limit_error", retry: true },
  OUT_OF_MEMORY: { status: 503, code: "out_of_memory", retry: true },
  CLOSED: { status: 503, code: "model_unavailable", retry: true },
  DEVICE_UNAVAILABLE: { status: 500, code: "device_unavailable" },
  ADDON_UNAVAILABLE: { status: 500, code: "addon_unavailable" },
  DOWNLOAD_FAILED: { status: 502, code: "download_failed" },
  OFFLINE: { status: 503, code: "offline" },
  ACCESS_DENIED: { status: 502, code: "download_denied" },
  DISK_FULL: { status: 507, code: "disk_full" },
  CHECKSUM_MISMATCH: { status: 502, code: "checksum_mismatch" },
  LOCK_MISMATCH: { status: 500, code: "lock_mismatch" },
  MODEL_BUSY: { status: 409, code: "model_busy", retry: true },
  INVALID_ANSWER: { status: 500, code: "invalid_answer" },
  INVALID_SESSION_FILE: { status: 500, code: "invalid_session_file" },
  UPSTREAM_FAILED: { status: 502, code: "upstream_failed" },
  INTERNAL: { status: 500, code: "internal_error" },
};

function typeOfStatus(status: number): string {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 429:
      return "rate_limit_error";
    case 503:
      return "service_unavailable_error";
    default:
      return status < 500 ? "invalid_request_error" : "server_error";
  }
}

/** The wire's name of the field that core's message begins with, such as `responseFormat.schema must be ...`. */
function fieldNamedBy(message: string): string | null {
  const [, field] = /^([a-z][A-Za-z]*(?:\[\d+\]|\.[a-z][A-Za-z]*)*) (?:must|can't)\b/.exec(message) ?? [];
  return field?.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) ?? null;
}

interface Issue {
  path: PropertyKey[];
  message: string;
  missing: boolean;
}

/** Goes into unions: the alternative that matched furthest says what is wrong, not that nothing matched. */
function deepestIssue(issue: z.core.$ZodIssue | undefined): Issue {
  if (issue === undefined) return { path: [], message: "The request is invalid.", missing: false };
  const path = [...issue.path];
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    const inner = issue.errors.map((issues) => deepestIssue(issues[0])).sort((a, b) => b.path.length - a.path.length);
    const [deepest] = inner;
    if (deepest && deepest.path.length > 0) return { ...deepest, path: [...path, ...deepest.path] };
    const missing = inner.every((issue) => issue.missing);
    const messages = [...new Set(inner.map(({ message }) => message))];
    return { path, message: issue.message === "Invalid input" ? messages.join(" or ") : issue.message, missing };
  }
  const missing = issue.code === "invalid_type" && issue.message.endsWith("received undefined");
  return { path, message: issue.message, missing };
}

function isHttpException(error: unknown): error is Error & { status: number } {
  if (!(error instanceof Error) || !("status" in error)) return false;
  const { status } = error;
  return typeof status === "number" && Number.isInteger(status) && status >= 400 && status <= 599;
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
