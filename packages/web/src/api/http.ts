/** Why a request got no usable answer. */
export type FailureKind =
  /** Nobody answers at the server's address. */
  | "unreachable"
  /** The connection ended in mid-answer. */
  | "interrupted"
  /** The server wants an API key, or another one. */
  | "unauthorized"
  /** The server answered with an error. */
  | "refused";

export class ApiFailure extends Error {
  readonly kind: FailureKind;
  readonly code: string | undefined;

  constructor(kind: FailureKind, message: string, options: ErrorOptions & { code?: string | undefined } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ApiFailure";
    this.kind = kind;
    this.code = options.code;
  }
}

export interface CallOptions {
  method?: "GET" | "POST" | "DELETE";
  body?: unknown;
  signal?: AbortSignal | undefined;
}

const KEY = "izwi.api-key";

/** The key that this browser sends; servers on this machine alone want none. */
export const apiKey = {
  get: (): string => localStorage.getItem(KEY) ?? "",
  set: (key: string): void => (key === "" ? localStorage.removeItem(KEY) : localStorage.setItem(KEY, key)),
};

/** Sends a request to the page's own server. Throws an `ApiFailure`, or an AbortError after the signal. */
export async function call(path: string, { method, body, signal }: CallOptions = {}): Promise<Response> {
  const key = apiKey.get();
  let response: Response;
  try {
    response = await fetch(path, {
      method: method ?? (body === undefined ? "GET" : "POST"),
      headers: {
        ...(body !== undefined && { "content-type": "application/json" }),
        ...(key !== "" && { authorization: `Bearer ${key}` }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
      cache: "no-store",
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiFailure("unreachable", "The server can't be reached.", { cause: error });
  }
  if (response.ok) return response;
  throw await failureOf(response);
}

async function failureOf(response: Response): Promise<ApiFailure> {
  const body: unknown = await response.json().catch(() => undefined);
  const kind = response.status === 401 ? "unauthorized" : "refused";
  return toFailure(kind, body) ?? new ApiFailure(kind, `The server answered with status ${response.status}.`);
}

/** The error that an answer or one event of it tells of; undefined where it tells of none. */
export function toFailure(kind: FailureKind, body: unknown): ApiFailure | undefined {
  const error = isRecord(body) ? body["error"] : undefined;
  if (!isRecord(error)) return undefined;
  const { message, code } = error;
  const text = typeof message === "string" && message !== "" ? message : "The server couldn't answer.";
  return new ApiFailure(kind, text, { code: typeof code === "string" ? code : undefined });
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
