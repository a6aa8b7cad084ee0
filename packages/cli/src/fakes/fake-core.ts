/** A model that says what a test wants: the same interface, no weights. */
import {
  CATALOG,
  DEFAULT_VOICE,
  findInCatalog,
  IzwiError,
  LOCK_FILE,
  memoryNeeds,
  SpeechStream,
  toBytes,
} from "@izwi/core";
import type {
  ChatEvent,
  ChatMessage,
  ChatRequest,
  CompletionRequest,
  EndEvent,
  EngineStats,
  LoadModelOptions,
  LockedModel,
  ModelInfo,
  Voice,
  VoiceInfo,
} from "@izwi/core";
import type { PartialModel, PulledModel, PullOptions, PullProgress } from "@izwi/core";
import type { ChatModel, Core } from "../core.js";

type Script = (ChatEvent | Error | "wait")[];

export interface FakeModelOptions {
  /** What is answered: a text (sent word by word), or events. "wait" lasts until the request is aborted. */
  answer?: (request: ChatRequest) => string | Script;
}

export class FakeModel implements ChatModel {
  readonly info: ModelInfo;
  readonly requests: ChatRequest[] = [];
  closed = false;
  readonly #answer: NonNullable<FakeModelOptions["answer"]>;

  constructor(
    { answer = (request) => rememberingAnswer(request.messages) }: FakeModelOptions = {},
    info: ModelInfo = fakeInfo,
  ) {
    this.info = info;
    this.#answer = answer;
  }

  async *chat(request: ChatRequest, { signal }: { signal?: AbortSignal } = {}): AsyncGenerator<ChatEvent> {
    this.requests.push(structuredClone(request));
    const answer = this.#answer(request);
    yield* this.#played(typeof answer === "string" ? words(answer) : answer, signal);
  }

  async *#played(script: Script, signal: AbortSignal | undefined): AsyncGenerator<ChatEvent> {
    for (const step of script) {
      await new Promise((resolve) => setImmediate(resolve));
      if (step === "wait" && signal !== undefined && !signal.aborted) {
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      }
      if (signal?.aborted) throw new IzwiError("ABORTED", "The operation was aborted.");
      if (step instanceof Error) throw step;
      if (step !== "wait") yield step;
    }
  }

  readonly completions: CompletionRequest[] = [];

  /** As many tokens as were asked for. */
  async *complete(request: CompletionRequest, { signal }: { signal?: AbortSignal } = {}): AsyncGenerator<ChatEvent> {
    this.completions.push(structuredClone(request));
    yield* this.#played([{ type: "text-delta", text: "…" }], signal);
    const { usage, ...rest } = end("length");
    yield { ...rest, usage: { ...usage, completionTokens: request.maxTokens! } };
  }

  stats(): EngineStats {
    const idle = { prefilledTokens: 0, cachedTokens: 0, decodedTokens: 0, steps: 0, running: 0, waiting: 0 };
    const speculation = { draftedTokens: 0, acceptedTokens: 0, modelDraftedTokens: 0, modelAcceptedTokens: 0 };
    return { ...idle, ...speculation, preemptions: 0, blocksFree: 500, blocksCached: 0, blocksTotal: 500 };
  }

  /** A token for each character; one for a special token where that is asked for. */
  tokenize(text: string, { parseSpecial = false }: { parseSpecial?: boolean } = {}): number[] {
    const parts = parseSpecial ? text.split(/(<\|\w+\|>)/) : [text];
    return parts.flatMap((part) =>
      parseSpecial && part.startsWith("<|") ? [0] : [...part].map((c) => c.codePointAt(0)!),
    );
  }

  detokenize(ids: readonly number[]): string {
    return String.fromCodePoint(...ids);
  }

  readonly scored: number[][] = [];

  /** The first of two equal tokens was a surprise; so that windows matter, one thing more about each: its place. */
  async score(ids: readonly number[]): Promise<(number | null)[]> {
    this.scored.push([...ids]);
    return ids.map((id, index) => (index === 0 ? null : id === ids[index - 1] ? -0.5 : -1 - 1 / index));
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

export interface FakeCoreOptions extends FakeModelOptions {
  /** Names that resolve; others are MODEL_NOT_FOUND. */
  installed?: string[];
  loadError?: Error;
  /** What a load waits for, and tells meanwhile. */
  loading?: (options: LoadModelOptions) => Promise<void>;
  /** What interrupted pulls have left. */
  partials?: PartialModel[];
  /** What a pull does: tells these events, then ends so. "wait" lasts until it is aborted. */
  pull?: (PullProgress | "wait" | Error)[];
  /** How the pulled file came. */
  pulled?: Partial<PulledModel>;
  /** What izwi.lock pins. */
  locked?: string[];
  memoryBytes?: number;
}

export class FakeCore implements Core {
  readonly BUILTIN_MODEL = "izwi-tiny";
  readonly loaded: { name: string; options: unknown; model: FakeModel }[] = [];
  readonly #options: FakeCoreOptions;

  constructor(options: FakeCoreOptions = {}) {
    this.#options = options;
  }

  get model(): FakeModel {
    return this.loaded.at(-1)!.model;
  }

  readonly resolveModel = async (name: string) => {
    const builtin = name === this.BUILTIN_MODEL;
    if (!builtin && !this.#options.installed?.includes(name)) {
      throw new IzwiError("MODEL_NOT_FOUND", `No model is called "${name}". Did you mean izwi-tiny?`);
    }
    return { path: `/models/${name}.gguf`, id: name, builtin };
  };

  readonly loadModel = async (name: string, options: unknown = {}): Promise<FakeModel> => {
    const { id, path, builtin } = await this.resolveModel(name);
    await this.#options.loading?.(options as LoadModelOptions);
    if (this.#options.loadError) throw this.#options.loadError;
    const model = new FakeModel(this.#options, { ...fakeInfo, id, path, builtin });
    this.loaded.push({ name, options, model });
    return model;
  };

  memoryBandwidth = async (): Promise<number | undefined> => 20e9;

  readonly listModels = async () =>
    (this.#options.installed ?? []).map((id) => ({ id, path: `/models/${id}.gguf`, bytes: 396_705_472 }));

  readonly modelsDirectory = (modelsDir?: string) => modelsDir ?? "/models";

  readonly CATALOG = CATALOG;
  readonly LOCK_FILE = LOCK_FILE;
  readonly findInCatalog = findInCatalog;
  readonly memoryNeeds = memoryNeeds;
  readonly usableMemory = () => this.#options.memoryBytes ?? 8e9;
  readonly fitsInMemory = (bytes: number) => bytes <= this.usableMemory();
  readonly listPartials = async () => this.#options.partials ?? [];
  readonly pulls: { name: string; options: PullOptions }[] = [];
  readonly removed: string[] = [];

  readonly pullModel = async (name: string, options: PullOptions = {}): Promise<PulledModel> => {
    this.pulls.push({ name, options });
    for (const step of this.#options.pull ?? []) {
      await new Promise((resolve) => setImmediate(resolve));
      if (step === "wait" && options.signal && !options.signal.aborted) {
        await new Promise((resolve) => options.signal!.addEventListener("abort", resolve, { once: true }));
      }
      if (options.signal?.aborted) throw new IzwiError("ABORTED", "The operation was aborted.");
      if (step instanceof Error) throw step;
      if (step !== "wait") options.onProgress?.(step);
    }
    const content = { bytes: 396_705_472, sha256: "a".repeat(64) };
    return { id: name, path: `/models/${name}.gguf`, ...content, origin: "downloaded", ...this.#options.pulled };
  };

  readonly removeModel = async (name: string) => {
    const { id, path } = await this.resolveModel(name);
    this.removed.push(id);
    return { id, path, freedBytes: 396_705_472 };
  };

  readonly verifyModel = async (name: string) => ({
    path: `/models/${name}.gguf`,
    sha256: "a".repeat(64),
    knownFrom: "the pull" as const,
  });

  readonly readLockFile = async () =>
    new Map<string, LockedModel>(
      (this.#options.locked ?? []).map((key) => [key, { file: "a.gguf", bytes: 1, sha256: "a".repeat(64) }]),
    );

  readonly DEFAULT_VOICE = DEFAULT_VOICE;
  readonly SpeechStream = SpeechStream;
  readonly toBytes = toBytes;
  /** What the voice was given, sentence by sentence. */
  readonly spoken: string[] = [];
  readonly listVoices = async (): Promise<VoiceInfo[]> => [fakeVoice];

  /** A voice that hums: 10 ms for each character. */
  readonly loadVoice = async (name: string = DEFAULT_VOICE): Promise<Voice> => {
    if (![DEFAULT_VOICE, fakeVoice.id].includes(name)) {
      throw new IzwiError("INVALID_REQUEST", `voice must be one of default, hum, but it is "${name}".`);
    }
    return {
      info: fakeVoice,
      synthesize: async (text) => {
        this.spoken.push(text);
        const samples = Int16Array.from({ length: text.length * 80 }, (_, i) => 8000 * Math.sin(i / 5));
        return { sampleRate: 8000, samples };
      },
      close: async () => {},
    };
  };

  /** Some file that exists. */
  readonly builtinModelPath = () => process.execPath;
}

const fakeVoice: VoiceInfo = { id: "hum", engine: "fake", language: "en", description: "a hum", isDefault: true };

/** Answers as a chat that remembers names within its messages, so that a test sees what was sent. */
export function rememberingAnswer(messages: ChatMessage[]): string {
  const last = messages.at(-1)!.content;
  if (!/what's my name/i.test(last)) return "Hello! How can I help you today?";
  const names = messages.flatMap(({ content }) => /my name is (\w+)/i.exec(content)?.[1] ?? []);
  return names.length > 0 ? `Your name is ${names.at(-1)}.` : "I don't know your name.";
}

/** The text word by word, and an end. */
export function words(text: string, finishReason: EndEvent["finishReason"] = "stop"): Script {
  const deltas = text.split(/(?<= )/).map((word): ChatEvent => ({ type: "text-delta", text: word }));
  return [...deltas, end(finishReason)];
}

export function end(finishReason: EndEvent["finishReason"] = "stop"): EndEvent {
  return {
    type: "end",
    finishReason,
    usage: { promptTokens: 120, cachedTokens: 75, completionTokens: 21, reasoningTokens: 0 },
    timings: { queueMs: 1, prefillMs: 150, timeToFirstTokenMs: 180, decodeMs: 500, tokensPerSecond: 40 },
  };
}

export const fakeInfo: ModelInfo = {
  id: "izwi-tiny",
  builtin: true,
  path: "/models/izwi-tiny.gguf",
  name: "Izwi Tiny",
  architecture: "qwen3",
  quantization: "Q8_0",
  parameterCount: 2_100_000,
  fileBytes: 2_400_000,
  contextLength: 2048,
  trainedContextLength: 2048,
  vocabSize: 2048,
  hiddenSize: 64,
  blockSize: 16,
  backend: "cpu",
  device: "cpu",
  isa: "avx2",
  threads: 2,
  weightsBytes: 1000,
  scratchBytes: 0,
  kvCacheBytes: 8_000_000,
  contextShortened: false,
  kvCacheType: "f16",
  loadMs: 12,
};
