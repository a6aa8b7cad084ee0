import { createInterface } from "node:readline";
import type { Interface } from "node:readline";
import { MessageAssembler } from "./message-assembler.js";
import type { Input, SessionInput } from "./session-input.js";

/** Messages from a pipe or a file, one a line, with the same rules for messages of several lines. */
export class PipeInput implements SessionInput {
  readonly #lines: Interface;
  readonly #assembler = new MessageAssembler();
  readonly #waiting: Input[] = [];
  #resolve: ((input: Input) => void) | undefined;
  #ended = false;

  constructor(stream: NodeJS.ReadableStream) {
    this.#lines = createInterface({ input: stream, crlfDelay: Infinity, terminal: false });
    this.#lines.on("line", (line) => {
      const message = this.#assembler.push(line);
      if (message !== undefined) this.#give({ type: "message", ...message });
    });
    this.#lines.on("close", () => this.#end());
    stream.on("error", () => this.#lines.close());
  }

  read(): Promise<Input> {
    const next = this.#waiting.shift();
    if (next !== undefined) return Promise.resolve(next);
    if (this.#ended) return Promise.resolve({ type: "end" });
    return new Promise((resolve) => (this.#resolve = resolve));
  }

  /** A pipe has no keys; Ctrl+C comes as a signal. */
  onInterrupt(): () => void {
    return () => {};
  }

  close(): void {
    this.#waiting.length = 0;
    this.#lines.close();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const begun = this.#assembler.finish();
    if (begun !== undefined) this.#give({ type: "message", ...begun });
    this.#resolve?.({ type: "end" });
    this.#resolve = undefined;
  }

  #give(input: Input): void {
    const resolve = this.#resolve;
    this.#resolve = undefined;
    if (resolve === undefined) this.#waiting.push(input);
    else resolve(input);
  }
}
