import { IzwiError, type ChatEvent, type ChatRequest } from "@izwi/core";
import OpenAI from "openai";
import { abortable, onAbort } from "../abort.js";
import type { BackendStream, ChatBackend } from "./backend.js";
import { RemoteAnswer, type WireChunk } from "./remote-answer.js";
import { fromRemoteError, refuses } from "./remote-error.js";
import { droppable, toWireRequest, type WireBody } from "./remote-request.js";

/** An OpenAI-compatible server. */
export interface Server {
  baseUrl: string;
  apiKey: string | undefined;
  headers: Record<string, string> | undefined;
  /** How often a request is sent again that couldn't be taken. Default: the client's, twice. */
  maxRetries?: number;
}

/** How often the server is asked for the context's length: Izwi's knows it once the model is loaded. */
const MAX_LOOKUPS = 2;
const LOOKUP_TIMEOUT_MS = 5000;

/** A model behind an OpenAI-compatible server. */
export class RemoteBackend implements ChatBackend {
  readonly model: string;
  readonly #client: OpenAI;
  readonly #baseUrl: string;
  /** OpenAI's own service. */
  readonly #isOpenAi: boolean;
  /** Fields that the server has refused. */
  readonly #refused = new Set<keyof WireBody>();
  #contextLength: number | undefined;
  #lookups = 0;

  private constructor(client: OpenAI, baseUrl: string, model: string, contextLength: number | undefined) {
    this.#client = client;
    this.#baseUrl = baseUrl;
    this.#isOpenAi = /^https:\/\/([\w-]+\.)*(openai\.com|openai\.azure\.com)(\/|$)/.test(baseUrl);
    this.model = model;
    this.#contextLength = contextLength;
  }

  /** @param model undefined: the only one that the server has */
  static async open(server: Server, model: string | undefined, contextLength?: number): Promise<RemoteBackend> {
    const { baseUrl, apiKey, headers, maxRetries } = server;
    if (!/^https?:\/\//.test(baseUrl)) {
      throw new IzwiError("INVALID_REQUEST", `baseUrl must begin with http:// or https://, but it is "${baseUrl}".`);
    }
    // The client insists on a key and reads others from the environment; without one no header may be sent.
    const withoutKey = apiKey === undefined ? { Authorization: null } : {};
    const client = new OpenAI({
      baseURL: baseUrl,
      apiKey: apiKey ?? "none",
      organization: null,
      project: null,
      defaultHeaders: { ...withoutKey, ...headers },
      ...(maxRetries !== undefined && { maxRetries }),
    });
    return new RemoteBackend(client, baseUrl, model ?? (await onlyModel(client, baseUrl)), contextLength);
  }

  /** What was given, else what the server tells, as Izwi and vLLM do. */
  async contextLength(): Promise<number | undefined> {
    if (this.#contextLength !== undefined || this.#lookups >= MAX_LOOKUPS) return this.#contextLength;
    this.#lookups += 1;
    try {
      const options = { timeout: LOOKUP_TIMEOUT_MS, maxRetries: 0 };
      const found: object = await this.#client.models.retrieve(this.model, options);
      const length = (found as { max_model_len?: unknown }).max_model_len;
      if (Number.isInteger(length)) this.#contextLength = length as number;
    } catch {
      // Unknown then: not every server has this, and the chat itself will tell what is wrong.
    }
    return this.#contextLength;
  }

  countTokens(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  chat(request: ChatRequest, { signal }: { signal: AbortSignal }): BackendStream {
    return new RemoteStream((request, signal) => this.#chunks(request, signal), request, signal, this.#baseUrl);
  }

  release(): Promise<void> {
    return Promise.resolve();
  }

  async #chunks(request: ChatRequest, signal: AbortSignal): Promise<AsyncIterable<WireChunk>> {
    const body = toWireRequest(this.model, request, this.#isOpenAi);
    for (const field of this.#refused) adapt(body, field);
    for (;;) {
      try {
        return await this.#client.chat.completions.create(body, { signal });
      } catch (error) {
        const optional: (keyof WireBody)[] = [...droppable(request, body), ...(body.max_tokens ? RENAMED : [])];
        const field = optional.find((field) => refuses(error, field));
        if (field === undefined) throw error;
        this.#refused.add(field);
        adapt(body, field);
      }
    }
  }
}

/** Newer models of OpenAI know this length limit by another name only. */
const RENAMED = ["max_tokens"] as const;

function adapt(body: WireBody, field: keyof WireBody): void {
  if (field === "max_tokens" && body.max_tokens != null) body.max_completion_tokens = body.max_tokens;
  delete body[field];
}

async function onlyModel(client: OpenAI, baseUrl: string): Promise<string> {
  const names: string[] = [];
  try {
    for await (const { id } of client.models.list()) names.push(id);
  } catch (error) {
    throw fromRemoteError(error, baseUrl, new AbortController().signal);
  }
  if (names.length === 1) return names[0]!;
  const has = names.length === 0 ? "no model" : names.slice(0, 10).join(", ");
  throw new IzwiError("INVALID_REQUEST", `Give a model: the server at ${baseUrl} has ${has}.`);
}

type Start = (request: ChatRequest, signal: AbortSignal) => Promise<AsyncIterable<WireChunk>>;

/** One streamed answer. */
class RemoteStream implements BackendStream {
  readonly #start: Start;
  readonly #request: ChatRequest;
  readonly #signal: AbortSignal;
  readonly #baseUrl: string;
  #attempt: AbortController | undefined;
  #thinks: boolean;
  #answering = false;

  constructor(start: Start, request: ChatRequest, signal: AbortSignal, baseUrl: string) {
    this.#start = start;
    this.#request = request;
    this.#signal = signal;
    this.#baseUrl = baseUrl;
    this.#thinks = request.thinking !== undefined && request.thinking !== false;
  }

  /**
   * The protocol has no word for this. So the request is given up while it thinks, and the same is asked again without
   * thinking.
   */
  endThinking(): void {
    if (!this.#thinks || this.#answering) return;
    this.#thinks = false;
    this.#attempt?.abort(NO_MORE_THINKING);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ChatEvent, void> {
    for (;;) {
      const attempt = new AbortController();
      this.#attempt = attempt;
      const stop = onAbort(this.#signal, (reason) => attempt.abort(reason));
      const thinking = this.#thinks ? this.#request.thinking : false;
      try {
        yield* this.#read({ ...this.#request, thinking: thinking ?? false }, attempt.signal);
        return;
      } catch (error) {
        const again = attempt.signal.reason === NO_MORE_THINKING && !this.#signal.aborted;
        if (!again) throw fromRemoteError(error, this.#baseUrl, this.#signal);
      } finally {
        stop();
        // Left early: the connection must go, so that the server stops.
        attempt.abort();
      }
    }
  }

  async *#read(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatEvent, void> {
    const answer = new RemoteAnswer();
    const stream = await abortable(this.#start(request, signal), signal);
    const chunks = stream[Symbol.asyncIterator]();
    for (;;) {
      // Not left to the client: its read of an aborted stream may never settle.
      const { done, value } = await abortable(chunks.next(), signal);
      if (done) break;
      for (const event of answer.add(value)) {
        if (event.type !== "reasoning-delta") this.#answering = true;
        yield event;
      }
    }
    yield* answer.end();
  }
}

const NO_MORE_THINKING = Symbol("no more thinking");
