import type { Message } from "./message-assembler.js";

/** What a person does at the prompt. */
export type Input =
  | ({ type: "message" } & Message)
  /** Ctrl+C */
  | { type: "interrupt" }
  /** Ctrl+D, or the end of a pipe */
  | { type: "end" };

/** Where a session gets its messages from: a terminal, or lines of a pipe. */
export interface SessionInput {
  /** Waits for the next message. Only one read at a time. */
  read(): Promise<Input>;
  /** While no read waits: what Ctrl+C does. Returns what ends it. */
  onInterrupt(handler: () => void): () => void;
  /** Gives the terminal back; a waiting read gets `end`. Idempotent. */
  close(): void;
}
