import type {
  NativeAddon,
  NativeChatRequest,
  NativeCompletionRequest,
  NativeDraftInfo,
  NativeEvent,
  NativeLoad,
  NativeLoadOptions,
  NativeLoadProgress,
  NativeModel,
  NativeModelInfo,
  NativeStream,
} from "../native-addon.js";

/** A stream whose events a test hands out one batch at a time. */
export class FakeStream implements NativeStream {
  cancelled = 0;
  thinkingEnds = 0;
  #batches: (NativeEvent[] | null | Error)[] = [];
  #waiting: ((batch: NativeEvent[] | null | Error) => void) | undefined;

  send(...batches: (NativeEvent[] | null | Error)[]): this {
    for (const batch of batches) {
      if (this.#waiting) this.#waiting(batch);
      else this.#batches.push(batch);
      this.#waiting = undefined;
    }
    return this;
  }

  async next(): Promise<NativeEvent[] | null> {
    const batch = this.#batches.length > 0 ? this.#batches.shift()! : await this.#arrival();
    if (batch instanceof Error) throw batch;
    return batch;
  }

  take(): NativeEvent[] | null {
    const [ready] = this.#batches;
    if (ready === undefined || ready instanceof Error) return [];
    this.#batches.shift();
    return ready;
  }

  cancel(): void {
    this.cancelled++;
    this.send([{ type: "end", finishReason: "cancelled" }], null);
  }

  endThinking(): void {
    this.thinkingEnds++;
  }

  #arrival(): Promise<NativeEvent[] | null | Error> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }
}

/** A model that notes what it was asked and answers what it was told. */
export class FakeModel implements NativeModel {
  requests: NativeChatRequest[] = [];
  completions: NativeCompletionRequest[] = [];
  scored: Uint32Array[] = [];
  saved: { path: string; saved: NativeChatRequest | Uint32Array }[] = [];
  closes = 0;
  stream = new FakeStream();
  scoring = new FakeStream();
  failure: Error | undefined;
  draftModel: NativeDraftInfo | undefined;
  failureOfDraft: string | null = null;

  info(): NativeModelInfo {
    return {
      path: "/models/fake.gguf",
      name: "Fake",
      architecture: "qwen3",
      quantization: "Q8_0",
      parameterCount: 1000,
      fileBytes: 1064,
      contextLength: 512,
      trainedContextLength: 512,
      vocabSize: 256,
      hiddenSize: 2,
      blockSize: 16,
      weightsBytes: 1000,
      scratchBytes: 0,
      kvCacheBytes: 4096,
      contextShortened: false,
      kvCacheType: "f16",
      backend: "cpu",
      device: "cpu",
      isa: "scalar",
      threads: 1,
      loadMs: 1,
      ...(this.draftModel && { draftModel: this.draftModel }),
    };
  }

  draftFailure(): string | null {
    return this.failureOfDraft;
  }

  stats() {
    return {
      prefilledTokens: 7,
      cachedTokens: 3,
      decodedTokens: 2,
      steps: 4,
      draftedTokens: 5,
      acceptedTokens: 3,
      modelDraftedTokens: 4,
      modelAcceptedTokens: 2,
      preemptions: 1,
      running: 0,
      waiting: 0,
      blocksFree: 8,
      blocksCached: 1,
      blocksTotal: 9,
    };
  }

  chat(request: NativeChatRequest): NativeStream {
    this.#fail();
    this.requests.push(request);
    return this.stream;
  }

  complete(request: NativeCompletionRequest): NativeStream {
    this.#fail();
    this.completions.push(request);
    return this.stream;
  }

  tokenize(text: string, parseSpecial: boolean): Uint32Array {
    this.#fail();
    return Uint32Array.from([...new TextEncoder().encode(text), parseSpecial ? 1 : 0]);
  }

  detokenize(tokenIds: Uint32Array): string {
    return new TextDecoder().decode(Uint8Array.from(tokenIds));
  }

  applyTemplate(request: NativeChatRequest): string {
    return request.messages.map(({ role, content }) => `${role}: ${content}`).join("\n");
  }

  /** Scores each token with its negated id. */
  score(tokenIds: Uint32Array): NativeStream {
    this.#fail();
    this.scored.push(tokenIds);
    const scores = Array.from(tokenIds.subarray(1), (id) => -id);
    return this.scoring.send(
      [
        { type: "scores", scores },
        { type: "end", finishReason: "stop" },
      ],
      null,
    );
  }

  /** One event for each token after the first; every alternative is the token itself. */
  logprobs(tokenIds: Uint32Array, top: number): NativeStream {
    this.#fail();
    this.scored.push(tokenIds);
    const events = Array.from(tokenIds.subarray(1), (tokenId) => {
      const entry = { tokenId, text: String(tokenId), bytes: [tokenId], logprob: -tokenId };
      return { type: "logprobs", logprobs: [{ ...entry, top: Array.from({ length: top }, () => entry) }] };
    });
    return this.scoring.send([...events, { type: "end", finishReason: "stop" }], null);
  }

  /** The number of tokens, and 1 for the mean of them or 2 for the last. */
  embed(tokenIds: Uint32Array, pooling: string): NativeStream {
    this.#fail();
    this.scored.push(tokenIds);
    const embedding = Float32Array.of(tokenIds.length, pooling === "mean" ? 1 : 2);
    return this.scoring.send(
      [
        { type: "embedding", embedding },
        { type: "end", finishReason: "stop" },
      ],
      null,
    );
  }

  async saveChatCache(path: string, request: NativeChatRequest): Promise<number> {
    this.#fail();
    this.saved.push({ path, saved: request });
    return 32;
  }

  async saveCache(path: string, tokenIds: Uint32Array): Promise<number> {
    this.#fail();
    this.saved.push({ path, saved: tokenIds });
    return tokenIds.length;
  }

  async loadCache(path: string): Promise<number> {
    this.#fail();
    return path.length;
  }

  async close(): Promise<void> {
    this.closes++;
    this.stream.send(null);
  }

  #fail(): void {
    if (this.failure) throw this.failure;
  }
}

/** An addon that loads `model`, or fails as told; `loading` holds the load back until it resolves. */
export class FakeAddon implements NativeAddon {
  loads: { path: string; options: NativeLoadOptions }[] = [];
  readonly model = new FakeModel();
  failure: Error | undefined;
  loading: Promise<void> = Promise.resolve();
  progress: NativeLoadProgress = { loadedBytes: 0, totalBytes: 0 };
  cancelled = 0;

  readonly NativeLoad: NativeAddon["NativeLoad"] = fakeLoads(this);
  /** null where a machine can't spare the memory. */
  bandwidth: number | null = 20e9;
  readonly memoryBandwidth = async (): Promise<number | null> => this.bandwidth;
}

function fakeLoads(addon: FakeAddon): NativeAddon["NativeLoad"] {
  return class implements NativeLoad {
    constructor(path: string, options: NativeLoadOptions) {
      addon.loads.push({ path, options });
    }

    async run(): Promise<NativeModel> {
      await addon.loading;
      if (addon.failure) throw addon.failure;
      return addon.model;
    }

    progress(): NativeLoadProgress {
      return { ...addon.progress };
    }

    cancel(): void {
      addon.cancelled++;
    }
  };
}
