import { abortable, throwIfAborted } from "./abort.js";
import { NativeChatStream, type ChatStream } from "./chat-stream.js";
import { closedError, fromNativeError, fromNativeEvent, invalid, IzwiError } from "./errors.js";
import type { TokenLogprob } from "./events.js";
import { watchedLoad, type LoadProgress } from "./load-progress.js";
import { loadAddon } from "./native.js";
import type {
  NativeAddon,
  NativeEvent,
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

/** Whether tokens are guessed ahead, where a text repeats itself or by a draft model. */
export type Speculation = "auto" | "off";

const SPECULATIONS: readonly string[] = ["auto", "off"] satisfies Speculation[];

/** The type of the KV cache's keys and values. */
export type KvCacheType = "f16" | "q8_0";

const KV_CACHE_TYPES: readonly string[] = ["f16", "q8_0"] satisfies KvCacheType[];

export interface LoadModelOptions {
  /** Default: `auto`. */
  backend?: Backend;
  /** Threads that compute, at least 1. Default: the number of physical cores. */
  threads?: number;
  /** Most tokens of a conversation, prompt and answer together. Default: the model's own, limited by memory. */
  contextLength?: number;
  /** Most answers that are generated at the same time; further ones wait. */
  maxRunning?: number;
  /** Most answers that wait for one of those; a further one fails with `QUEUE_FULL`. Default: 64. */
  maxWaiting?: number;
  /** Guess tokens ahead where that pays: faster, and the same text. Default: `auto`. */
  speculation?: Speculation;
  /**
   * A much smaller model of the same family, by path or name: it guesses tokens, which the model then verifies several at
   * a time. Faster where it guesses well, and the same text. Not loaded where `speculation` is `off`.
   */
  draftModel?: string;
  /**
   * The type of the KV cache's keys and values. `q8_0` takes 17/32 of the memory of `f16` and is faster at depth, for
   * answers that differ slightly; only the backend `cpu` has it. Default: `f16`.
   */
  kvCacheType?: KvCacheType;
  /** Where names are looked up. Default: `IZWI_MODELS_DIR`, else the platform's data directory. */
  modelsDir?: string;
  /** Gives up loading: the promise then rejects with an `ABORTED` error. */
  signal?: AbortSignal;
  /**
   * Told while the weights are made ready, some ten times a second, and once at the end. What it throws ends the load, and
   * the promise rejects with it.
   */
  onProgress?: (progress: LoadProgress) => void;
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
  const { modelsDir, draftModel } = options;
  const resolved = await resolveModel(pathOrName, { modelsDir });
  if (draftModel !== undefined && options.speculation !== "off") {
    nativeOptions.draftModel = (await resolveModel(draftModel, { modelsDir })).path;
  }
  return openModel(loadAddon(), resolved, nativeOptions, options);
}

/** Loads a file through a given addon: the part of {@link loadModel} that tests run with a fake one. */
export async function openModel(
  addon: NativeAddon,
  resolved: ResolvedModel,
  options: NativeLoadOptions = {},
  watch: Pick<LoadModelOptions, "signal" | "onProgress"> = {},
): Promise<Model> {
  throwIfAborted(watch.signal);
  const { path, id, builtin } = resolved;
  const native = await watchedLoad(() => new addon.NativeLoad(path, options), watch);
  return new Model(native, { ...native.info(), id, builtin });
}

/** A loaded model. Several chats may run at once; `close()` it, or declare it with `await using`. */
export class Model implements AsyncDisposable {
  readonly info: ModelInfo;
  readonly #native: NativeModel;
  #closing: Promise<void> | undefined;
  #warned = false;

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
  chat(request: ChatRequest, options: { signal?: AbortSignal } = {}): ChatStream {
    const start = () => this.#start((native) => native.chat(toNativeRequest(request)));
    return new NativeChatStream(start, anySignal(options.signal, request?.signal));
  }

  /**
   * Goes on from token ids, without a chat template: for evaluations and benchmarks. The answer comes as plain text,
   * thoughts and tool calls included; otherwise like {@link chat}.
   */
  complete(request: CompletionRequest, options: { signal?: AbortSignal } = {}): ChatStream {
    const start = () => this.#start((native) => native.complete(toNativeCompletion(request, this.info.vocabSize)));
    return new NativeChatStream(start, anySignal(options.signal, request?.signal));
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
    const ids = this.#checkedIds(tokenIds, options.signal);
    if (ids.length === 0) return [];
    const stream = this.#call((native) => native.score(ids));
    const [scores] = await receive(stream, options.signal, (event) => event.scores);
    return [null, ...(scores ?? [])];
  }

  /**
   * How likely each token is after those before it, and which others were likely there: for evaluations.
   *
   * @param options.top how many alternatives to tell, 0 to 20; default 0
   * @returns an array as long as `tokenIds`: null, then the tokens' log probabilities
   */
  async logprobs(
    tokenIds: readonly number[],
    options: { top?: number; signal?: AbortSignal } = {},
  ): Promise<(TokenLogprob | null)[]> {
    const { top = 0, signal } = options;
    if (!Number.isInteger(top) || top < 0 || top > 20) throw invalid("top", "a whole number from 0 to 20", top);
    const ids = this.#checkedIds(tokenIds, signal);
    if (ids.length === 0) return [];
    const stream = this.#call((native) => native.logprobs(ids, top));
    return [null, ...(await receive(stream, signal, (event) => event.logprobs)).flat()];
  }

  /**
   * A text's meaning as numbers: the model's last hidden state, after its output norm, as a vector of length 1.
   *
   * @param tokenIds at least one
   * @param options.pooling the mean over all tokens (default), or the state of the last one
   * @returns `info.hiddenSize` numbers
   */
  async embed(
    tokenIds: readonly number[],
    options: { pooling?: "mean" | "last"; signal?: AbortSignal } = {},
  ): Promise<Float32Array> {
    const { pooling = "mean", signal } = options;
    if (pooling !== "mean" && pooling !== "last") throw invalid("pooling", `"mean" or "last"`, pooling);
    const ids = this.#checkedIds(tokenIds, signal);
    if (ids.length === 0) throw new IzwiError("INVALID_REQUEST", "tokenIds must hold at least one token id.");
    const stream = this.#call((native) => native.embed(ids, pooling));
    const [embedding] = await receive(stream, signal, (event) => event.embedding);
    if (embedding === undefined) throw new IzwiError("INTERNAL", "The engine sent no embedding.");
    return embedding;
  }

  /**
   * Writes what the KV cache has of a conversation to a file, so that it needn't be read again by another process.
   * The file is large: some 100 KiB for each token of a model of 0.6 billion parameters. It appears whole or not at
   * all, and is good only for the same model file, backend, `kvCacheType` and version of
   * Izwi.
   *
   * @param conversation the request that continues it, or its token ids
   * @returns how many tokens were saved; for 0 there is no file
   */
  async saveCache(path: string, conversation: ChatRequest | readonly number[]): Promise<number> {
    if (typeof path !== "string" || path === "") throw invalid("path", "a file's path", path);
    if (isTokenIds(conversation)) {
      const ids = toTokenIds(conversation, this.info.vocabSize);
      return this.#wait((native) => native.saveCache(path, ids));
    }
    const request = toNativeRequest(conversation);
    return this.#wait((native) => native.saveChatCache(path, request));
  }

  /**
   * Puts back what {@link saveCache} wrote: a conversation that begins so is answered without being read again.
   * A damaged file is an `INVALID_SESSION_FILE`.
   *
   * @returns how many tokens are cached then; 0 for a file of another model, backend, `kvCacheType` or version, and
   *   fewer than the file has where there isn't room
   */
  async loadCache(path: string): Promise<number> {
    if (typeof path !== "string" || path === "") throw invalid("path", "a file's path", path);
    return this.#wait((native) => native.loadCache(path));
  }

  /** Ends every running answer with a `CLOSED` error and frees the memory. Further calls wait for the first. */
  close(): Promise<void> {
    if (!this.closed) this.#warnOfDraftModel();
    this.#closing ??= this.#native.close().catch((error: unknown) => {
      throw fromNativeError(error);
    });
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #start(answer: (native: NativeModel) => NativeStream): NativeStream {
    const stream = this.#call(answer);
    this.#warnOfDraftModel();
    return stream;
  }

  /** Says once that the draft model failed: answers are right without it, only slower. */
  #warnOfDraftModel(): void {
    if (this.#warned || this.info.draftModel === undefined) return;
    const failure = this.#native.draftFailure();
    if (failure === null) return;
    this.#warned = true;
    const message = `The draft model ${this.info.draftModel.path} is given up: ${failure}. Answers go on without it.`;
    process.emitWarning(message, { type: "IzwiWarning", code: "IZWI_DRAFT_MODEL" });
  }

  async #wait<T>(use: (native: NativeModel) => Promise<T>): Promise<T> {
    try {
      return await this.#call(use);
    } catch (error) {
      throw fromNativeError(error);
    }
  }

  #checkedIds(tokenIds: readonly number[], signal: AbortSignal | undefined): Uint32Array {
    throwIfAborted(signal);
    const ids = toTokenIds(tokenIds, this.info.vocabSize);
    if (this.closed) throw closedError();
    return ids;
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

function isTokenIds(conversation: ChatRequest | readonly number[]): conversation is readonly number[] {
  return Array.isArray(conversation) || ArrayBuffer.isView(conversation);
}

/** What `pick` finds in the events of a stream that generates nothing, up to its end. */
async function receive<T>(
  stream: NativeStream,
  signal: AbortSignal | undefined,
  pick: (event: NativeEvent) => T | undefined,
): Promise<T[]> {
  const picked: T[] = [];
  try {
    for (;;) {
      const batch = await abortable(stream.next(), signal);
      if (batch === null) throw closedError();
      for (const event of batch) {
        if (event.type === "error") throw fromNativeEvent(event.code, event.message);
        if (event.type === "end") {
          if (event.finishReason === "cancelled") throw closedError();
          return picked;
        }
        const value = pick(event);
        if (value !== undefined) picked.push(value);
      }
    }
  } catch (error) {
    stream.cancel();
    throw fromNativeError(error);
  }
}

function toNativeOptions(options: LoadModelOptions): NativeLoadOptions {
  const native: NativeLoadOptions = {};
  if (options.backend !== undefined) {
    if (!BACKENDS.includes(options.backend)) throw invalid("backend", `one of ${BACKENDS.join(", ")}`, options.backend);
    native.backend = options.backend;
  }
  if (options.speculation !== undefined) {
    if (!SPECULATIONS.includes(options.speculation)) {
      throw invalid("speculation", `one of ${SPECULATIONS.join(", ")}`, options.speculation);
    }
    native.speculation = options.speculation;
  }
  if (options.kvCacheType !== undefined) {
    if (!KV_CACHE_TYPES.includes(options.kvCacheType)) {
      throw invalid("kvCacheType", `one of ${KV_CACHE_TYPES.join(", ")}`, options.kvCacheType);
    }
    native.kvCacheType = options.kvCacheType;
  }
  if (options.onProgress !== undefined && typeof options.onProgress !== "function") {
    throw invalid("onProgress", "a function", options.onProgress);
  }
  if (options.draftModel !== undefined && !isName(options.draftModel)) {
    throw invalid("draftModel", "a path or a name", options.draftModel);
  }
  for (const [name, least] of [
    ["threads", 1],
    ["contextLength", 1],
    ["maxRunning", 1],
    ["maxWaiting", 0],
  ] as const) {
    const value = options[name];
    if (value === undefined) continue;
    if (!Number.isInteger(value) || value < least) throw invalid(name, `a whole number of at least ${least}`, value);
    native[name] = value;
  }
  return native;
}

function isName(value: unknown): boolean {
  return typeof value === "string" && value.trim() !== "";
}

function anySignal(a: AbortSignal | undefined, b: AbortSignal | undefined): AbortSignal | undefined {
  return a && b && a !== b ? AbortSignal.any([a, b]) : (a ?? b);
}
