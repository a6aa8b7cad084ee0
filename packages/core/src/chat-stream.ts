import { abortable, throwIfAborted } from "./abort.js";
import { closedError, fromNativeError } from "./errors.js";
import { fromNative, type ChatEvent } from "./events.js";
import type { NativeStream } from "./native-addon.js";

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** One answer: its events in order, and what can be done to it while it comes. */
export interface ChatStream extends AsyncIterableIterator<ChatEvent, undefined> {
  /**
   * "Answer now": closes the model's thought, so that the answer begins. Has no effect on an answer that doesn't think,
   * or not any more.
   */
  endThinking(): void;
}

/**
 * An answer of the addon as an async iterator. Nothing runs before the first `next()`; leaving early, by `break`, `return()`
 * or the signal, cancels at once, also while the prompt is still being prefilled.
 *
 * A class and not a generator, because a generator's `return()` would wait for the pending `next()`.
 */
export class NativeChatStream implements ChatStream {
  readonly #start: () => NativeStream;
  readonly #signal: AbortSignal | undefined;
  #stream: NativeStream | undefined;
  #ready: ChatEvent[] = [];
  #failure: Error | undefined;
  #finished = false;
  /** Settles after the last `next()` that was asked for, so that several at once are served in order. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(start: () => NativeStream, signal: AbortSignal | undefined) {
    this.#start = start;
    this.#signal = signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<ChatEvent, undefined>> {
    const result = this.#last.then(() => this.#advance());
    this.#last = result.catch(() => undefined);
    return result;
  }

  endThinking(): void {
    if (!this.#finished) this.#stream?.endThinking();
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    this.#finish();
    return Promise.resolve(DONE);
  }

  async #advance(): Promise<IteratorResult<ChatEvent, undefined>> {
    if (this.#finished) return DONE;
    try {
      throwIfAborted(this.#signal);
      while (this.#ready.length === 0) {
        if (this.#failure) throw this.#failure;
        await this.#receive();
        if (this.#finished) return DONE;
      }
    } catch (error) {
      // Left by return() meanwhile: nobody waits for this failure.
      if (this.#finished) return DONE;
      this.#finish();
      throw fromNativeError(error);
    }
    const event = this.#ready.shift()!;
    if (event.type === "end") this.#finished = true;
    return { done: false, value: event };
  }

  async #receive(): Promise<void> {
    this.#stream ??= this.#start();
    let batch = this.#stream.take();
    if (batch?.length === 0) batch = await abortable(this.#stream.next(), this.#signal);
    if (this.#finished) return;
    // No end event came before the end: only closing the model does that, as signal and return() are ruled out.
    if (batch === null) throw closedError();
    for (const native of batch) {
      try {
        this.#ready.push(fromNative(native) ?? raise(closedError()));
      } catch (error) {
        // What arrived before the failure is still handed out first.
        this.#failure = fromNativeError(error);
        return;
      }
    }
  }

  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#ready = [];
    this.#stream?.cancel();
  }
}

function raise(error: Error): never {
  throw error;
}
