import { IzwiError, type ErrorCode } from "@izwi/core";

/** The error for a wrong argument; `field` is its path, such as `settings.temperature`. */
export function invalid(field: string, expected: string, value: unknown): IzwiError {
  return new IzwiError("INVALID_REQUEST", `${field} must be ${expected}, but it is ${describe(value)}.`);
}

export function sessionClosed(): IzwiError {
  return new IzwiError("CLOSED", "The session is closed. Start another with chat() or chat.load().");
}

/** The error for an aborted operation; the signal's own reason is its `cause`. */
export function aborted(reason: unknown): IzwiError {
  return new IzwiError("ABORTED", "The operation was aborted.", { cause: reason });
}

export function isAborted(error: unknown): boolean {
  return error instanceof IzwiError && error.code === "ABORTED";
}

export function hasCode(error: unknown, code: ErrorCode): error is IzwiError {
  return error instanceof IzwiError && error.code === code;
}

/** Something thrown, as text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function describe(value: unknown): string {
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
      return `${typeof value === "object" ? "an" : "a"} ${typeof value}`;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
