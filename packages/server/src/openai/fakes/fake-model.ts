import type {
  ChatEvent,
  ChatRequest,
  ChatStream,
  CompletionRequest,
  EndEvent,
  ModelInfo,
  TokenLogprob,
} from "@izwi/core";
import { IzwiError } from "@izwi/core";
import type { ModelLease, ModelListing, ModelSource, ServedModel } from "../../model-source.js";

const INFO: ModelInfo = {
  id: "fake",
  builtin: true,
  path: "/models/fake.gguf",
  name: "Fake",
  architecture: "qwen3",
  quantization: "Q8_0",
  parameterCount: 1000,
  fileBytes: 1064,
  contextLength: 512,
  trainedContextLength: 512,
  vocabSize: 300,
  hiddenSize: 4,
  weightsBytes: 1000,
  scratchBytes: 0,
  kvCacheBytes: 4096,
  contextShortened: false,
  kvCacheType: "f16",
  blockSize: 16,
  backend: "cpu",
  device: "cpu",
  isa: "scalar",
  threads: 1,
  loadMs: 1,
};

/** The end of an answer; give what a test looks at. */
export function end(finishReason: EndEvent["finishReason"] = "stop", usage: Partial<EndEvent["usage"]> = {}): EndEvent {
  return {
    type: "end",
    finishReason,
    usage: { promptTokens: 5, cachedTokens: 2, completionTokens: 3, reasoningTokens: 0, ...usage },
    timings: { queueMs: 1, prefillMs: 10, timeToFirstTokenMs: 12, decodeMs: 20, tokensPerSecond: 100 },
  };
}

/** A token whose text is `text`, with these alternatives. */
export function logprob(text: string, value: number, top: [string, number][] = []): TokenLogprob {
  const token = (text: string, logprob: number) => {
    const bytes = [...new TextEncoder().encode(text)];
    return { tokenId: bytes[0] ?? 0, text, bytes, logprob };
  };
  return { ...token(text, value), top: top.map(([text, value]) => token(text, value)) };
}

/** What a fake model answers with: events in order; an error is thrown, a promise is waited for. */
export type Script = readonly (ChatEvent | Error | Promise<unknown>)[];

/** A model that notes what it was asked and answers what it was told. Its tokens are bytes, and two special ones. */
export class FakeModel implements ServedModel {
  info = INFO;
  chats: ChatRequest[] = [];
  completions: CompletionRequest[] = [];
  embedded: { tokenIds: readonly number[]; pooling: string | undefined }[] = [];
  /** Answers that have begun and not ended. */
  running = 0;
  /** Answers that were ended from outside. */
  aborted = 0;
  /** The answer to the nth request. */
  script: (index: number) => Script = () => [{ type: "text-delta", text: "Hello" }, end()];
  embedding = [1, 2, 2, 4];
  failure: Error | undefined;

  chat(request: ChatRequest, options: { signal?: AbortSignal } = {}): ChatStream {
    this.chats.push(request);
    return this.#stream(this.chats.length - 1, options.signal);
  }

  complete(request: CompletionRequest, options: { signal?: AbortSignal } = {}): ChatStream {
    this.completions.push(request);
    return this.#stream(this.completions.length - 1, options.signal);
  }

  tokenize(text: string, options: { parseSpecial?: boolean } = {}): number[] {
    const parts = options.parseSpecial ? text.split(/(<\|im_end\|>|<\|endoftext\|>)/) : [text];
    return parts.flatMap((part) => {
      if (options.parseSpecial && part === "<|im_end|>") return [256];
      if (options.parseSpecial && part === "<|endoftext|>") return [257];
      return [...new TextEncoder().encode(part)];
    });
  }

  detokenize(tokenIds: readonly number[]): string {
    return new TextDecoder().decode(Uint8Array.from(tokenIds.filter((id) => id < 256)));
  }

  applyTemplate(request: ChatRequest): string {
    return request.messages.map(({ role, content }) => `${role}: ${content}`).join("\n");
  }

  async score(tokenIds: readonly number[]): Promise<(number | null)[]> {
    return tokenIds.map((id, index) => (index === 0 ? null : -id));
  }

  /** Each token is as likely as its id is small, and the letter x is always the second choice. */
  async logprobs(tokenIds: readonly number[], options: { top?: number; signal?: AbortSignal } = {}) {
    options.signal?.throwIfAborted();
    if (this.failure) throw this.failure;
    return tokenIds.map((id, index) => {
      if (index === 0) return null;
      const text = this.detokenize([id]);
      const entry = logprob(text, -id, [
        [text, -id],
        ["x", -500],
      ]);
      if (id < 256) entry.bytes = [id];
      return { ...entry, tokenId: id, top: entry.top.slice(0, options.top ?? 0) };
    });
  }

  async embed(tokenIds: readonly number[], options: { pooling?: "mean" | "last" } = {}): Promise<Float32Array> {
    if (this.failure) throw this.failure;
    this.embedded.push({ tokenIds, pooling: options.pooling });
    return Float32Array.from(this.embedding, (value) => value / 5);
  }

  stats(): ReturnType<ServedModel["stats"]> {
    return {
      prefilledTokens: 0,
      cachedTokens: 0,
      decodedTokens: 0,
      steps: 0,
      draftedTokens: 5,
      acceptedTokens: 3,
      modelDraftedTokens: 2,
      modelAcceptedTokens: 1,
      preemptions: 1,
      running: this.running,
      waiting: 0,
      blocksFree: 9,
      blocksCached: 0,
      blocksTotal: 9,
    };
  }

  #stream(index: number, signal: AbortSignal | undefined): ChatStream {
    return Object.assign(this.#answer(this.script(index), signal), { endThinking: () => {} });
  }

  async *#answer(script: Script, signal: AbortSignal | undefined): AsyncGenerator<ChatEvent, undefined> {
    this.running++;
    try {
      for (const step of script) {
        await untilAborted(step instanceof Promise ? step : Promise.resolve(), signal);
        if (step instanceof Error) throw step;
        if (!(step instanceof Promise)) yield step;
      }
    } catch (error) {
      if (error instanceof IzwiError && error.code === "ABORTED") this.aborted++;
      throw error;
    } finally {
      this.running--;
    }
    return undefined;
  }
}

async function untilAborted(promise: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return void (await promise);
  await new Promise<void>((resolve, reject) => {
    const abort = () => reject(new IzwiError("ABORTED", "The operation was aborted.", { cause: signal.reason }));
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    const settle = () => signal.removeEventListener("abort", abort);
    promise.then(
      () => (settle(), resolve()),
      (error: unknown) => (settle(), reject(error)),
    );
  });
}

/** A source of one model, counting the leases that are out. */
export class FakeModels implements ModelSource {
  leases = 0;
  acquired: (string | undefined)[] = [];
  listings: ModelListing[] = [
    { id: "fake", created: 1_700_000_000, builtin: true, bytes: 1064, status: "ready" },
    { id: "org/other-0.6B", created: 1_700_000_001, builtin: false, bytes: 2064, status: "downloaded" },
  ];
  /** What loading waits for. */
  loading: Promise<void> = Promise.resolve();
  readonly model: FakeModel;

  constructor(model: FakeModel = new FakeModel()) {
    this.model = model;
  }

  async acquire(name: string | undefined, signal?: AbortSignal): Promise<ModelLease> {
    this.acquired.push(name);
    await untilAborted(this.loading, signal);
    if (name === "missing") {
      throw new IzwiError("MODEL_NOT_FOUND", `No model is called "missing". Did you mean fake?`);
    }
    this.leases++;
    let held = true;
    const release = () => {
      if (held) this.leases--;
      held = false;
    };
    return { id: "fake", model: this.model, release };
  }

  async list(): Promise<ModelListing[]> {
    return this.listings;
  }
}
