import { IzwiError, type ErrorCode } from "@izwi/core";
import { APIConnectionError, APIConnectionTimeoutError, APIError, APIUserAbortError } from "openai";
import { aborted, messageOf } from "../errors.js";

/** Whatever the client threw, with a code. Errors with codes stay as they are. */
export function fromRemoteError(error: unknown, baseUrl: string, signal: AbortSignal): Error {
  if (error instanceof IzwiError) return error;
  if (signal.aborted || error instanceof APIUserAbortError) return aborted(signal.reason ?? error);
  if (error instanceof APIConnectionTimeoutError) {
    return new IzwiError("UPSTREAM_FAILED", `The server at ${baseUrl} didn't answer in time.`, { cause: error });
  }
  if (error instanceof APIConnectionError) {
    const why = error.cause === undefined ? "" : ` (${rootOf(error.cause)})`;
    return new IzwiError("UPSTREAM_FAILED", `The server at ${baseUrl} can't be reached${why}.`, { cause: error });
  }
  if (error instanceof APIError) {
    const status = error.status === undefined ? "failed" : `answered ${error.status}`;
    const text = `The server at ${baseUrl} ${status}: ${textOf(error)}`;
    return new IzwiError(codeOf(error), text, { cause: error });
  }
  return new IzwiError("UPSTREAM_FAILED", `The answer of the server at ${baseUrl} broke off: ${messageOf(error)}`, {
    cause: error,
  });
}

/** True if the server refused the request because of this field. */
export function refuses(error: unknown, field: string): boolean {
  if (!(error instanceof APIError) || (error.status !== 400 && error.status !== 422)) return false;
  return error.param === field || (error.param ?? "").startsWith(`${field}.`) || textOf(error).includes(field);
}

function codeOf(error: APIError): ErrorCode {
  const { status, code } = error;
  if (code === "context_length_exceeded" || /maximum context length|exceeds? .*context/i.test(textOf(error))) {
    return "CONTEXT_OVERFLOW";
  }
  if (code === "model_not_found" || (status === 404 && /model/i.test(textOf(error)))) return "MODEL_NOT_FOUND";
  if (status === 429) return "QUEUE_FULL";
  if (status === 400 || status === 413 || status === 422) return "INVALID_REQUEST";
  return "UPSTREAM_FAILED";
}

/** The server's own words: the client puts the status before them. */
function textOf(error: APIError): string {
  const body = error.error as { message?: unknown } | undefined;
  const text = typeof body?.message === "string" ? body.message : error.message;
  return text.length > 500 ? `${text.slice(0, 500)}…` : text;
}

/** The innermost cause: `fetch failed` alone says nothing. */
function rootOf(cause: unknown): string {
  let root = cause;
  while (root instanceof Error && root.cause !== undefined) root = root.cause;
  const code = (root as { code?: unknown }).code;
  return typeof code === "string" ? code : messageOf(root);
}
