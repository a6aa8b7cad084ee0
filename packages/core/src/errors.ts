/** Every code that an {@link IzwiError} can carry. The list is closed: a switch over it can be exhaustive. */
export const ERROR_CODES = [
  "MODEL_NOT_FOUND",
  "INVALID_MODEL_FILE",
  "UNSUPPORTED_MODEL",
  "INVALID_REQUEST",
  "CONTEXT_OVERFLOW",
  "QUEUE_FULL",
  "OUT_OF_MEMORY",
  "DEVICE_UNAVAILABLE",
  "ADDON_UNAVAILABLE",
  "CLOSED",
  "ABORTED",
  "TEMPLATE_ERROR",
  "DOWNLOAD_FAILED",
  "OFFLINE",
  "ACCESS_DENIED",
  "DISK_FULL",
  "CHECKSUM_MISMATCH",
  "LOCK_MISMATCH",
  "MODEL_BUSY",
  "INVALID_ANSWER",
  "INVALID_SESSION_FILE",
  "UPSTREAM_FAILED",
  "INTERNAL",
] as const;

/**
 * - `MODEL_NOT_FOUND`: no file and no known name; the message lists near matches.
 * - `INVALID_MODEL_FILE`: the file isn't a readable GGUF (truncated, corrupted, another format).
 * - `UNSUPPORTED_MODEL`: a GGUF, but of an architecture or a tensor type that isn't supported.
 * - `INVALID_REQUEST`: an argument is wrong; the message names the field.
 * - `CONTEXT_OVERFLOW`: the prompt doesn't fit the context; the message has both numbers.
 * - `QUEUE_FULL`: too many requests are waiting; try again later.
 * - `OUT_OF_MEMORY`: the weights or the KV cache don't fit.
 * - `DEVICE_UNAVAILABLE`: the requested backend isn't in this build or on this machine.
 * - `ADDON_UNAVAILABLE`: the native addon for this platform is missing or can't be loaded.
 * - `CLOSED`: the model was closed.
 * - `ABORTED`: an AbortSignal ended the operation; `name` is then `AbortError`.
 * - `TEMPLATE_ERROR`: the model's chat template refused the messages.
 * - `DOWNLOAD_FAILED`: the network or the other side failed, also after trying again; a later try goes on from there.
 * - `OFFLINE`: something would have to be downloaded, and that was forbidden.
 * - `ACCESS_DENIED`: the model's repository asks for a token, or for its conditions to be accepted.
 * - `DISK_FULL`: the file doesn't fit; the message has both numbers.
 * - `CHECKSUM_MISMATCH`: a file's content isn't what the catalogue, the hub or the lock file says.
 * - `LOCK_MISMATCH`: `izwi.lock` lacks the model, or can't be read.
 * - `MODEL_BUSY`: another process is changing the model's files.
 * - `INVALID_ANSWER`: the answer isn't what was asked for, after another try, too; the message lists what is wrong with it.
 * - `INVALID_SESSION_FILE`: a saved session can't be written or read; the message says where the file is wrong.
 * - `UPSTREAM_FAILED`: a remote server can't be reached, or it failed; the message has its status.
 * - `INTERNAL`: a defect in Izwi.
 */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** The one error class of this package. Decide by `code`; `message` is for people. */
export class IzwiError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = code === "ABORTED" ? "AbortError" : "IzwiError";
    this.code = code;
  }
}

const isErrorCode = (text: string): text is ErrorCode => (ERROR_CODES as readonly string[]).includes(text);

/** Turns whatever the addon threw, a message of the form `CODE: text`, into an IzwiError. */
export function fromNativeError(error: unknown): IzwiError {
  if (error instanceof IzwiError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const [, code, text] = /^([A-Z_]+): (.*)$/s.exec(message) ?? [];
  if (code !== undefined && text !== undefined && isErrorCode(code)) {
    return new IzwiError(code, text, { cause: error });
  }
  return new IzwiError("INTERNAL", message, { cause: error });
}

/** The error for an `error` event, whose code and text arrive apart. */
export function fromNativeEvent(code: string | undefined, message: string | undefined): IzwiError {
  const known = code !== undefined && isErrorCode(code) ? code : "INTERNAL";
  return new IzwiError(known, message ?? "The engine failed without saying why.");
}

/** The error for an aborted signal; the signal's own reason is its `cause`. */
export function abortError(signal: AbortSignal): IzwiError {
  return new IzwiError("ABORTED", "The operation was aborted.", { cause: signal.reason });
}

/** The error for a use after `close()`. */
export function closedError(): IzwiError {
  return new IzwiError("CLOSED", "The model is closed. Load it again to go on.");
}

/** The error for a wrong argument; `field` is its path, such as `messages[0].role`. */
export function invalid(field: string, expected: string, value: unknown): IzwiError {
  return new IzwiError("INVALID_REQUEST", `${field} must be ${expected}, but it is ${describe(value)}.`);
}

function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
    case "number":
    case "boolean":
    case "bigint":
    case "undefined":
      return String(value);
    default:
      return `${/^[aeiou]/.test(typeof value) ? "an" : "a"} ${typeof value}`;
  }
}
