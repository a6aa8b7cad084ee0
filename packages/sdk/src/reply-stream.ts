import type { Usage } from "@izwi/core";
import type { Reply, ReplyEvent } from "./reply.js";

/**
 * An answer that is on its way. It comes whether it is read or not, and everything here may be used together: iterate
 * it for the text, or await `text`, or read `events`.
 *
 * It isn't a promise itself, so that it can be returned from an async function without being waited for.
 */
export interface ReplyStream<T = string> extends AsyncIterable<string> {
  /**
   * The text in pieces as it comes; joined they are the whole reply. Leaving the loop early stops the answer: what has
   * come stays in the history, marked as truncated.
   */
  [Symbol.asyncIterator](): AsyncIterator<string, undefined>;
  /** Everything that happens, typed: text, thoughts, tool calls and their results, and the end. Left early as above. */
  readonly events: AsyncIterable<ReplyEvent>;
  /** The whole text. Rejects when the answer failed. */
  readonly text: Promise<string>;
  /** What `send` would give: the validated value with a schema, else the text. */
  readonly result: Promise<T>;
  /** Text, thoughts, tool runs, counts and times, once the answer has ended. */
  readonly reply: Promise<Reply>;
  readonly usage: Promise<Usage>;
  /**
   * Stops the answer as leaving the loop does: the iterations end, `text` is what has come, and the history keeps that.
   * (An AbortSignal given to `stream` is for the other case: it fails, and the history is as before.)
   */
  abort(): void;
  /** "Answer now": ends the model's thought, so that the answer begins. No effect where it doesn't think. */
  endThinking(): void;
}

interface Outcome<T> {
  reply: Reply;
  result: T;
}

/** The session's side of a ReplyStream: it writes the events, readers read them at their own pace. */
export class ReplyLog<T = string> implements ReplyStream<T> {
  readonly #events: ReplyEvent[] = [];
  readonly #outcome: Promise<Outcome<T>>;
  readonly #control: { leave(): void; endThinking(): void };
  #resolve!: (outcome: Outcome<T>) => void;
  #reject!: (error: unknown) => void;
  #ended = false;
  #failure: unknown;
  #waiting: (() => void)[] = [];

  /** @param control what a reader may ask of the session */
  constructor(control: { leave(): void; endThinking(): void }) {
    this.#control = control;
    this.#outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // A failure that nobody asks for is no unhandled rejection: an iteration may have thrown it already.
    this.#outcome.catch(() => undefined);
  }

  get ended(): boolean {
    return this.#ended;
  }

  write(event: ReplyEvent): void {
    if (this.#ended) return;
    this.#events.push(event);
    this.#wake();
  }

  finish(reply: Reply, result: T): void {
    if (this.#ended) return;
    this.#events.push({ type: "end", ...reply });
    this.#ended = true;
    this.#resolve({ reply, result });
    this.#wake();
  }

  fail(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = error;
    this.#reject(error);
    this.#wake();
  }

  get text(): Promise<string> {
    return quiet(this.#outcome.then(({ reply }) => reply.text));
  }

  get result(): Promise<T> {
    return quiet(this.#outcome.then(({ result }) => result));
  }

  get reply(): Promise<Reply> {
    return quiet(this.#outcome.then(({ reply }) => reply));
  }

  get usage(): Promise<Usage> {
    return quiet(this.#outcome.then(({ reply }) => reply.usage));
  }

  get events(): AsyncIterable<ReplyEvent> {
    return { [Symbol.asyncIterator]: () => this.#read((event) => event) };
  }

  [Symbol.asyncIterator](): AsyncIterator<string, undefined> {
    return this.#read((event) => (event.type === "text-delta" && event.text !== "" ? event.text : undefined));
  }

  abort(): void {
    if (!this.#ended) this.#control.leave();
  }

  endThinking(): void {
    if (!this.#ended) this.#control.endThinking();
  }

  /** One reader, from the first event on; `pick` says what it wants of each. */
  #read<E>(pick: (event: ReplyEvent) => E | undefined): AsyncIterator<E, undefined> {
    let position = 0;
    let left = false;
    let last: Promise<unknown> = Promise.resolve();
    const advance = async (): Promise<IteratorResult<E, undefined>> => {
      for (;;) {
        if (left) return { done: true, value: undefined };
        while (position < this.#events.length) {
          const picked = pick(this.#events[position++]!);
          if (picked !== undefined) return { done: false, value: picked };
        }
        if (this.#ended) {
          left = true;
          if (this.#failure !== undefined) throw this.#failure;
          continue;
        }
        await new Promise<void>((resolve) => {
          this.#waiting.push(resolve);
        });
      }
    };
    return {
      // Several next() at once are served in order.
      next: () => {
        const result = last.then(advance);
        last = result.catch(() => undefined);
        return result;
      },
      return: async () => {
        if (!left) this.abort();
        left = true;
        this.#wake();
        // After the loop the history is as it is going to be.
        await this.#outcome.catch(() => undefined);
        return { done: true, value: undefined };
      },
    };
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** A promise that may be looked at and left alone: its rejection reaches those who await it, and nobody else. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
