import { abortable, throwIfAborted } from "./abort.js";
import { ChatStream } from "./chat-stream.js";
import { closedError, fromNativeError, fromNativeEvent, invalid } from "./errors.js";
import type { ChatEvent } from "./events.js";
import { loadAddon } from "./native.js";
import type {
  NativeAddon,
  NativeLoadOptions,
  NativeModel,
  NativeModelInfo,
  NativeStats,
  NativeStream,
} from "./native-addon.js";
import {
  toNativeCompletion,
  toNativeRequest,
  toTokenIds,
  type ChatRequest,
  type CompletionRequest,
} from "./request.js";
import { resolveModel, type ResolvedModel } from "./store/resolve.js";

/** Where a model computes. `auto` takes the best that this build and this machine have. */
export type Backend = "auto" | "cpu" | "candle" | "metal" | "cuda";

const BACKENDS: readonly string[] = ["auto", "cpu", "candle", "metal", "cuda"] satisfies Backend[];

export interface LoadModelOptions {
  /** Default: `auto`. */
  backend?: Backend;
  /** Threads that compute, at least 1. Default: the number of physical cores. */
  threads?: number;
  /** Most tokens of a conversation, prompt and answer together. Default: the model's own, limited by memory. */
  contextLength?: number;
  /** Most answers that are generated at the same time; further ones wait. */
  maxRunning?: number;
  /** Where names are looked up. Default: `IZWI_MODELS_DIR`, else the platform's data directory. */
  modelsDir?: string;
  /** Gives up loading: the promise then rejects with an `ABORTED` error. */
  signal?: AbortSignal;
}

/** What was loaded, and how. */
export interface ModelInfo extends NativeModelInfo {
  /** The name the model is known by: its catalogue id, or its file's name. */
  id: string;
  /** True for the small model that comes with this package. */
  builtin: boolean;
}

/** The engine's counters since the model was loaded; `running`, `waiting` and the blocks are of this moment. */
export type EngineStats = NativeStats;

/**
 * Loads a model that runs inside this process, on its own threads.
 *
 * @param pathOrName a path to a GGUF file, a name from the catalogue, a name in the models directory, or `builtin`
 */
export async function loadModel(pathOrName: string, options: LoadModelOptions = {}): Promise<Model> {
  throwIfAborted(options.signal);
  const nativeOptions = toNativeOptions(options);
  const resolved = await resolveModel(pathOrName, { modelsDir: options.modelsDir });
  return openModel(loadAddon(), resolved, nativeOptions, options.signal);
}

/** Loads a file through a given addon: the part of {@link loadModel} that tests run with a fake one. */
export async function openModel(
  addon: NativeAddon,
  resolved: ResolvedModel,
  options: NativeLoadOptions = {},
  signal?: AbortSignal,
): Promise<Model> {
  throwIfAborted(signal);
  const { path, id, builtin } = resolved;
  try {
    const loading = addon.NativeModel.load(path, options);
    const native = await abortable(loading, signal, (late) => void late.close());
    return new Model(native, { ...native.info(), id, builtin });
  } catch (error) {
    throw fromNativeError(error);
  }
}

/** A loaded model. Several chats may run at once; `close()` it, or declare it with `await using`. */
export class Model implements AsyncDisposable {
  readonly info: ModelInfo;
  readonly #native: NativeModel;
  #closing: Promise<void> | undefined;

  /** @internal Use {@link loadModel}. */
  constructor(native: NativeModel, info: ModelInfo) {
    this.#native = native;
    this.info = info;
  }

  /** True from the first call of `close()` on. */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  stats(): EngineStats {
    return this.#call((native) => native.stats());
  }

  /**
   * Answers a conversation. The work begins with the iteration, errors come from it, and leaving it early stops
   * the work. The last event is `end`; an aborted iteration rejects with an `ABORTED` error instead.
   */
  chat(request: ChatRequest, options: { signal?: AbortSignal } = {}): AsyncIterableIterator<ChatEvent, undefined> {
    const start = () => this.#call((native) => native.chat(toNativeRequest(request)));
    return new ChatStream(start, anySignal(options.signal, request?.signal));
  }

  /**
   * Goes on from token ids, without a chat template: for evaluations and benchmarks. The answer comes as plain text,
   * thoughts and tool calls included; otherwise like {@link chat}.
   */
  complete(
    request: CompletionRequest,
    options: { signal?: AbortSignal } = {},
  ): AsyncIterableIterator<ChatEvent, undefined> {
    const start = () => this.#call((native) => native.complete(toNativeCompletion(request, this.info.vocabSize)));
    return new ChatStream(start, anySignal(options.signal, request?.signal));
  }

  /**
   * Text to token ids. Special tokens such as `<|im_end|>` are read as plain text unless `parseSpecial` is set:
   * never set it for text from outside.
   */
  tokenize(text: string, options: { parseSpecial?: boolean } = {}): number[] {
    if (typeof text !== "string") throw invalid("text", "a string", text);
    return Array.from(this.#call((native) => native.tokenize(text, options.parseSpecial ?? false)));
  }

  /** Token ids to text. Bytes that form no character become U+FFFD. */
  detokenize(tokenIds: readonly number[]): string {
    const ids = toTokenIds(tokenIds, this.info.vocabSize);
    return this.#call((native) => native.detokenize(ids));
  }

  /** The prompt that `chat` would feed the model, as text. */
  applyTemplate(request: ChatRequest): string {
    const native = toNativeRequest(request);
    return this.#call((model) => model.applyTemplate(native));
  }

  /**
   * How likely each token is after those before it.
   *
   * @returns an array as long as `tokenIds`: null, then natural-log probabilities
   */
  async score(tokenIds: readonly number[], options: { signal?: AbortSignal } = {}): Promise<(number | null)[]> {
    throwIfAborted(options.signal);
    const ids = toTokenIds(tokenIds, this.info.vocabSize);
    if (this.closed) throw closedError();
    if (ids.length === 0) return [];
    const stream = this.#call((native) => native.score(ids));
    try {
      return [null, ...(await receiveScores(stream, options.signal))];
    } catch (error) {
      stream.cancel();
      throw fromNativeError(error);
    }
  }

  /** Ends every running answer with a `CLOSED` error and frees the memory. Further calls wait for the first. */
  close(): Promise<void> {
    this.#closing ??= this.#native.close().catch((error: unknown) => {
      throw fromNativeError(error);
    });
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #call<T>(use: (native: NativeModel) => T): T {
    if (this.closed) throw closedError();
    try {
      return use(this.#native);
    } catch (error) {
      throw fromNativeError(error);
    }
  }
}

/** The `scores` event of a scoring stream. */
async function receiveScores(stream: NativeStream, signal: AbortSignal | undefined): Promise<number[]> {
  for (;;) {
    const batch = await abortable(stream.next(), signal);
    if (batch === null) throw closedError();
    for (const event of batch) {
      if (event.type === "scores" && event.scores) return event.scores;
      if (event.type === "error") throw fromNativeEvent(event.code, event.message);
    }
  }
}

function toNativeOptions(options: LoadModelOptions): NativeLoadOptions {
  const native: NativeLoadOptions = {};
  if (options.backend !== undefined) {
    if (!BACKENDS.includes(options.backend)) throw invalid("backend", `one of ${BACKENDS.join(", ")}`, options.backend);
    native.backend = options.backend;
  }
  for (const name of ["threads", "contextLength", "maxRunning"] as const) {
    const value = options[name];
    if (value === undefined) continue;
    if (!Number.isInteger(value) || value < 1) throw invalid(name, "a whole number of at least 1", value);
    native[name] = value;
  }
  return native;
}

function anySignal(a: AbortSignal | undefined, b: AbortSignal | undefined): AbortSignal | undefined {
  return a && b && a !== b ? AbortSignal.any([a, b]) : (a ?? b);
}
