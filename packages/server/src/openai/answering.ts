import { IzwiError, type ChatEvent } from "@izwi/core";
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { toApiError } from "./errors.js";
import { eventStream, EVENT_STREAM_HEADERS, type EventStreamOptions, type ServerEvent } from "./event-stream.js";
import type { ModelLease, ServedModel } from "../model-source.js";
import type { AppEnv, Metrics, RouteContext } from "../route-context.js";

/** One request on its way: the model that it holds, and the signal that ends whatever runs for it. */
export class Answering {
  /** Fires when the client is gone or time is up. */
  readonly cancelled: AbortSignal;
  /** Fires with `cancelled` and with `end()`. Give it to everything that takes time. */
  readonly signal: AbortSignal;
  /** The model's name as the client wrote it, which the answer repeats; its own where none was given. */
  name: string;
  readonly #c: Context<AppEnv>;
  readonly #context: RouteContext;
  readonly #promptField: string;
  readonly #ended = new AbortController();
  readonly #began = performance.now();
  #lease: ModelLease | undefined;

  /** `promptField`: the request's field that is to blame for too long a prompt. */
  constructor(c: Context<AppEnv>, context: RouteContext, model: string | null | undefined, promptField: string) {
    this.#c = c;
    this.#context = context;
    this.#promptField = promptField;
    this.name = model?.trim() ?? "";
    this.cancelled = c.var.signal;
    this.signal = AbortSignal.any([this.cancelled, this.#ended.signal]);
  }

  /** Who asks, unless the request itself says so: its address, where the server knows it. */
  get client(): { client?: string } {
    const { incoming } = (this.#c.env ?? {}) as Partial<HttpBindings>;
    const address = incoming?.socket?.remoteAddress;
    return address === undefined ? {} : { client: address };
  }

  /** Answers in one piece with what `make` makes. */
  async whole<T>(make: (model: ServedModel) => T | Promise<T>): Promise<T> {
    try {
      return await make(await this.#acquire());
    } catch (error) {
      throw toApiError(error, this.#promptField);
    } finally {
      this.end();
    }
  }

  /** Answers with the events that `make` makes, as they come. */
  async streamed(
    make: (model: ServedModel) => AsyncGenerator<ServerEvent, void>,
    options: Pick<EventStreamOptions, "failure" | "last"> = {},
  ): Promise<Response> {
    const body = await eventStream({
      ...options,
      events: this.#events(make),
      signal: this.cancelled,
      onGone: () => this.end(),
      pingMs: this.#context.pingMs,
      promptField: this.#promptField,
    });
    return this.#c.body(body, 200, EVENT_STREAM_HEADERS);
  }

  async *#events(make: (model: ServedModel) => AsyncGenerator<ServerEvent, void>): AsyncGenerator<ServerEvent, void> {
    try {
      yield* make(await this.#acquire());
    } finally {
      this.end();
    }
  }

  async #acquire(): Promise<ServedModel> {
    const lease = await this.#context.models.acquire(this.name === "" ? undefined : this.name, this.signal);
    // The end may have come before the model, with nobody left to give it back.
    if (this.#ended.signal.aborted) {
      lease.release();
      throw new IzwiError("ABORTED", "The request ended before its model came.", { cause: this.signal.reason });
    }
    this.#lease = lease;
    this.name ||= lease.id;
    return lease.model;
  }

  /** The same events, counted for the metrics. */
  observe(events: AsyncIterable<ChatEvent>): AsyncGenerator<ChatEvent, void> {
    return observed(events, this.#lease?.id ?? this.name, this.#context.metrics, this.#began);
  }

  /** Stops what still runs and gives the model back. May be called again. */
  end(): void {
    // Where the request was cancelled, that is the reason for all that ends with it.
    this.#ended.abort(this.cancelled.aborted ? this.cancelled.reason : undefined);
    this.#lease?.release();
    this.#lease = undefined;
  }
}

async function* observed(
  events: AsyncIterable<ChatEvent>,
  model: string,
  metrics: Metrics,
  began: number,
): AsyncGenerator<ChatEvent, void> {
  let last: number | undefined;
  let failure: string | undefined = "ABORTED";
  try {
    for await (const event of events) {
      if (event.type === "end") {
        failure = undefined;
        metrics.answer(model, event);
      } else {
        const now = performance.now();
        if (last === undefined) metrics.firstToken(model, now - began);
        else metrics.interToken(model, now - last);
        last = now;
      }
      yield event;
    }
  } catch (error) {
    failure = error instanceof IzwiError ? error.code : "INTERNAL";
    throw error;
  } finally {
    if (failure !== undefined) metrics.failed(model, failure);
  }
}
