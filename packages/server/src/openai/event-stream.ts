import { ApiError, toApiError } from "./errors.js";

/** One server-sent event. */
export interface ServerEvent {
  event?: string;
  /** Sent as JSON; a string is sent as it is. */
  data: unknown;
}

export interface EventStreamOptions {
  events: AsyncGenerator<ServerEvent, void>;
  /** Fires when the request is to be given up; its reason is then the failure. `events` must notice it, too. */
  signal: AbortSignal;
  /** Called when the reader is gone: must end `events`. */
  onGone(): void;
  /** Silence of this length is broken by a comment. */
  pingMs: number;
  /** What the client is told when it fails midway. Default: OpenAI's error event. */
  failure?(error: ApiError): ServerEvent[];
  /** The request's field that is to blame for too long a prompt. */
  promptField: string;
  /** Events after the last one, also after a failure. */
  last?: ServerEvent[];
}

/** The headers of a stream of events, which no proxy may hold back. */
export const EVENT_STREAM_HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
} as const;

/** The last event of OpenAI's streams. */
export const DONE: ServerEvent = { data: "[DONE]" };

const PING = ": ping\n\n";

/**
 * A body of server-sent events. Waits for the first event, so that what fails before it is thrown and gets a status
 * of its own, but not longer than `pingMs`: then the stream begins, with a comment.
 */
export async function eventStream(options: EventStreamOptions): Promise<ReadableStream<Uint8Array>> {
  const source = new EventSource(options);
  await source.begin();
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const text = await source.next();
        if (text === undefined) controller.close();
        else controller.enqueue(encoder.encode(text));
      },
      cancel: () => source.leave(),
    },
    // Nothing is made ahead of what the client has taken.
    { highWaterMark: 0 },
  );
}

class EventSource {
  readonly #options: EventStreamOptions;
  readonly #leave = (): void => this.leave();
  /** Text that is ready; undefined stands for the end. */
  readonly #ready: (string | undefined)[] = [];
  /** Settles when the event that was asked for is in `#ready`. */
  #arrival: Promise<void> | undefined;
  #over = false;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    // The body may never be read at all: then nobody cancels it either.
    options.signal.addEventListener("abort", this.#leave, { once: true });
  }

  async begin(): Promise<void> {
    const first = this.#options.events.next();
    try {
      const result = await orAfter(first, this.#options.pingMs);
      if (result !== undefined) return this.#receive(result);
    } catch (error) {
      this.#finish([]);
      throw toApiError(error, this.#options.promptField);
    }
    this.#ready.push(PING);
    this.#arrival = this.#arriving(first);
  }

  async next(): Promise<string | undefined> {
    if (this.#ready.length === 0) {
      this.#arrival ??= this.#arriving(this.#options.events.next());
      const arrived = this.#arrival.then(() => true);
      if ((await orAfter(arrived, this.#options.pingMs)) === undefined) return PING;
    }
    return this.#ready.shift();
  }

  leave(): void {
    if (this.#over) return;
    this.#options.onGone();
    // Ends a generator that isn't waiting for anything and so doesn't notice the signal.
    void this.#options.events.return().catch(() => undefined);
  }

  async #arriving(next: Promise<IteratorResult<ServerEvent, void>>): Promise<void> {
    try {
      this.#receive(await next);
    } catch (error) {
      this.#fail(error);
    }
    this.#arrival = undefined;
  }

  #receive(result: IteratorResult<ServerEvent, void>): void {
    if (!result.done) this.#ready.push(format(result.value));
    else if (this.#options.signal.aborted && !this.#over) this.#fail(this.#options.signal.reason);
    else this.#finish([]);
  }

  #fail(error: unknown): void {
    const { failure, promptField } = this.#options;
    const apiError = toApiError(error, promptField);
    this.#finish(failure ? failure(apiError) : [{ data: { error: apiError.body } }]);
  }

  #finish(events: ServerEvent[]): void {
    this.#over = true;
    this.#options.signal.removeEventListener("abort", this.#leave);
    const rest = [...events, ...(this.#options.last ?? [])].map(format).join("");
    if (rest !== "") this.#ready.push(rest);
    this.#ready.push(undefined);
  }
}

function format({ event, data }: ServerEvent): string {
  const text = typeof data === "string" ? data : JSON.stringify(data);
  return `${event === undefined ? "" : `event: ${event}\n`}data: ${text}\n\n`;
}

/** The promise's value, or undefined if it takes longer than `ms`. */
function orAfter<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(undefined), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
