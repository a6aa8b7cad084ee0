const fence = '"""';

export interface Message {
  text: string;
  /** Written over several lines or between fences: never a command, whatever it says. */
  literal: boolean;
}

/**
 * Makes one message of several lines: a backslash at a line's end goes on in the next, and between """ and """ every
 * line counts as it is. Lines of one paste belong together too.
 */
export class MessageAssembler {
  #lines: string[] = [];
  #fenced = false;

  /** Something was begun that the next line continues. */
  get pending(): boolean {
    return this.#fenced || this.#lines.length > 0;
  }

  reset(): void {
    this.#lines = [];
    this.#fenced = false;
  }

  /** Takes a line; gives the message that it completes. `pasted`: the line is one of a paste that goes on. */
  push(line: string, pasted = false): Message | undefined {
    if (this.#fenced) return this.#pushFenced(line);
    if (!this.pending && line.trimStart().startsWith(fence)) {
      this.#fenced = true;
      return this.#pushFenced(line.trimStart().slice(fence.length), true);
    }
    if (pasted) {
      this.#lines.push(line);
      return undefined;
    }
    if (line.endsWith("\\")) {
      this.#lines.push(line.slice(0, -1));
      return undefined;
    }
    return this.#complete([...this.#lines, line], this.#lines.length > 0);
  }

  /** The input has ended: what was begun is the message. */
  finish(): Message | undefined {
    return this.pending ? this.#complete(this.#lines, true) : undefined;
  }

  #pushFenced(line: string, first = false): Message | undefined {
    const end = line.trimEnd();
    if (end.endsWith(fence)) return this.#complete([...this.#lines, end.slice(0, -fence.length)], true);
    // The rest of the opening line counts only if there is something in it.
    if (!first || line.trim() !== "") this.#lines.push(line);
    return undefined;
  }

  #complete(lines: string[], literal: boolean): Message {
    this.reset();
    return { text: lines.join("\n").trim(), literal };
  }
}
