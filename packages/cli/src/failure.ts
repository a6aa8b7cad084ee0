/** A command line, variable or command argument that makes no sense; the message says what would. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Something to show the user: what went wrong, and what to do next where we know. */
export interface Failure {
  message: string;
  hint?: string;
}

/** In which situation the failure happened, because the way out differs. */
export type FailureContext = "session" | "one-shot" | "load" | "pull";

const hints: Record<string, Partial<Record<FailureContext, string>>> = {
  CONTEXT_OVERFLOW: {
    session: "Type 'clear' to start a fresh conversation, or restart with a larger --context-length.",
    "one-shot": "Shorten the input, or raise --context-length.",
  },
  QUEUE_FULL: {
    session: "Wait a moment, then type /retry.",
    "one-shot": "Wait a moment, then run the command again.",
  },
  OUT_OF_MEMORY: {
    session: "Type 'clear', or restart with a smaller --context-length.",
    "one-shot": "Use a smaller --context-length or a smaller model.",
    load: "Use a smaller --context-length or a smaller model.",
  },
  DEVICE_UNAVAILABLE: { load: "Try --backend auto." },
  CLOSED: { session: "Type 'exit' and start izwi chat again." },
  INVALID_MODEL_FILE: { load: "Download the file again; it may be incomplete." },
  DISK_FULL: { pull: "Another folder can be given with --models-dir." },
  OFFLINE: { pull: "Unset HF_HUB_OFFLINE to allow downloads." },
  INTERNAL: { session: "Type /retry to try again, or 'clear' to start afresh." },
};

/** The code of an error from the library (`IzwiError`) or from Node (`ENOENT`, …). */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? code : undefined;
}

export function isAbort(error: unknown): boolean {
  return errorCode(error) === "ABORTED" || (error instanceof Error && error.name === "AbortError");
}

export function describeFailure(error: unknown, context: FailureContext): Failure {
  const message = error instanceof Error ? error.message : String(error);
  const hint = hints[errorCode(error) ?? ""]?.[context];
  return hint === undefined ? { message } : { message, hint };
}
