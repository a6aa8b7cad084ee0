/**
 * The native addon's surface, as crates/binding exports it. Written by hand, because the addon is a build
 * product and this package must compile before it exists. Everything here is plain data or a handle.
 */

/** What the compiled addon exports. */
export interface NativeAddon {
  NativeLoad: new (path: string, options: NativeLoadOptions) => NativeLoad;
  /** Bytes per second that this many threads read from memory together; null if the 1 GiB it takes can't be had. */
  memoryBandwidth(threads?: number): Promise<number | null>;
}

/** A load that can be looked at and called off while it runs. */
export interface NativeLoad {
  run(): Promise<NativeModel>;
  progress(): NativeLoadProgress;
  /** `run` rejects with `ABORTED` once the tensor that is being read is done. */
  cancel(): void;
}

export interface NativeLoadProgress {
  /** Of the file's tensors, what is ready for use. */
  loadedBytes: number;
  /** All of them; 0 before the file was opened. */
  totalBytes: number;
}

export interface NativeLoadOptions {
  backend?: string;
  threads?: number;
  contextLength?: number;
  maxRunning?: number;
  maxWaiting?: number;
  /** auto | off */
  speculation?: string;
  /** A model's file. */
  draftModel?: string;
  /** f16 | q8_0 */
  kvCacheType?: string;
}

export interface NativeModel {
  info(): NativeModelInfo;
  stats(): NativeStats;
  /** Queues an answer. What is wrong with the prompt arrives as the stream's last event. */
  chat(request: NativeChatRequest): NativeStream;
  /** Goes on from token ids, without a template. */
  complete(request: NativeCompletionRequest): NativeStream;
  tokenize(text: string, parseSpecial: boolean): Uint32Array;
  detokenize(tokenIds: Uint32Array): string;
  applyTemplate(request: NativeChatRequest): string;
  /** One `scores` event, [n - 1]: log p(token[i + 1] | token[0..=i]); then `end`. */
  score(tokenIds: Uint32Array): NativeStream;
  /** `logprobs` events, [n - 1] entries in all, each with `top` alternatives; then `end`. */
  logprobs(tokenIds: Uint32Array, top: number): NativeStream;
  /** One `embedding` event, [hiddenSize], L2-normalised; then `end`. `pooling`: mean | last. */
  embed(tokenIds: Uint32Array, pooling: string): NativeStream;
  /** Writes what is cached of the chat's prompt to a file: the number of tokens. */
  saveChatCache(path: string, request: NativeChatRequest): Promise<number>;
  /** The same for token ids. */
  saveCache(path: string, tokenIds: Uint32Array): Promise<number>;
  /** Puts a file's KV blocks back into the cache: the number of tokens cached then. */
  loadCache(path: string): Promise<number>;
  /** Why the draft model was given up; null while it wasn't. */
  draftFailure(): string | null;
  /** Ends all streams; idempotent. */
  close(): Promise<void>;
}

export interface NativeStream {
  /** All events that are ready, at least one; null after the end. */
  next(): Promise<NativeEvent[] | null>;
  /** The same without waiting; nothing yet is an empty array. */
  take(): NativeEvent[] | null;
  cancel(): void;
  /** Closes the thought, if one is open or still to come. */
  endThinking(): void;
}

export interface NativeModelInfo {
  path: string;
  name: string;
  architecture: string;
  quantization: string;
  parameterCount: number;
  fileBytes: number;
  contextLength: number;
  trainedContextLength: number;
  vocabSize: number;
  /** Width of the hidden state, which is also the length of an embedding. */
  hiddenSize: number;
  blockSize: number;
  /** Of main memory, what the weights take. */
  weightsBytes: number;
  /** Of main memory, what the buffers of the largest step and the tokenizer take. */
  scratchBytes: number;
  /** Most memory that the KV cache takes when it is full. */
  kvCacheBytes: number;
  /** The context is shorter than the model's own for want of memory, and nobody asked for one. */
  contextShortened: boolean;
  /** The type of its keys and values: f16 or q8_0; f32 for the backend candle. */
  kvCacheType: string;
  backend: string;
  device: string;
  isa: string;
  threads: number;
  loadMs: number;
  /** The model that guesses tokens ahead, where there is one. Its weights and its KV cache take memory as well. */
  draftModel?: NativeDraftInfo;
}

export interface NativeDraftInfo {
  path: string;
  name: string;
  quantization: string;
  parameterCount: number;
  fileBytes: number;
  weightsBytes: number;
  scratchBytes: number;
  kvCacheBytes: number;
}

export interface NativeStats {
  prefilledTokens: number;
  cachedTokens: number;
  decodedTokens: number;
  steps: number;
  /** Tokens that were guessed ahead and verified, and those of them that were right: each of these saved a step. */
  draftedTokens: number;
  acceptedTokens: number;
  /** Those of the two that a draft model guessed; the others were found in the text. */
  modelDraftedTokens: number;
  modelAcceptedTokens: number;
  /** Times that an answer gave its KV blocks to another one, to go on later. */
  preemptions: number;
  running: number;
  waiting: number;
  blocksFree: number;
  blocksCached: number;
  blocksTotal: number;
}

export interface NativeToolCall {
  id?: string;
  name: string;
  arguments: string;
}

export interface NativeMessage {
  role: string;
  content: string;
  reasoningContent?: string;
  toolCalls?: NativeToolCall[];
  toolCallId?: string;
  name?: string;
}

export interface NativeChatRequest {
  messages: NativeMessage[];
  /** A JSON array. */
  tools?: string;
  /** A JSON object. */
  templateKwargs?: string;
  thinking?: boolean;
  /** Most tokens of a thought. */
  thinkingBudget?: number;
  /** auto | none | required | named */
  toolChoice?: string;
  /** Which tool, when toolChoice is `named`. */
  toolName?: string;
  parallelToolCalls?: boolean;
  generation?: NativeGenerationSettings;
}

export interface NativeCompletionRequest {
  tokenIds: Uint32Array;
  stopTokenIds?: number[];
  generation?: NativeGenerationSettings;
}

export interface NativeGenerationSettings {
  temperature?: number;
  topK?: number;
  topP?: number;
  minP?: number;
  repetitionPenalty?: number;
  presencePenalty?: number;
  frequencyPenalty?: number;
  logitBias?: { tokenId: number; bias: number }[];
  seed?: number;
  maxTokens?: number;
  stop?: string[];
  logprobs?: number;
  responseFormat?: NativeResponseFormat;
  /** -100 to 100 */
  priority?: number;
  client?: string;
}

export interface NativeResponseFormat {
  /** json-object | json-schema | regex | choice */
  type: string;
  /** JSON text of the schema. */
  schema?: string;
  pattern?: string;
  choices?: string[];
}

export interface NativeTopLogprob {
  tokenId: number;
  text: string;
  bytes: number[];
  logprob: number;
}

export interface NativeTokenLogprob extends NativeTopLogprob {
  top: NativeTopLogprob[];
}

export interface NativeEvent {
  type: string;
  text?: string;
  logprobs?: NativeTokenLogprob[];
  index?: number;
  name?: string;
  arguments?: string;
  scores?: number[];
  embedding?: Float32Array;
  finishReason?: string;
  stopString?: string;
  promptTokens?: number;
  cachedTokens?: number;
  completionTokens?: number;
  reasoningTokens?: number;
  queueMs?: number;
  prefillMs?: number;
  timeToFirstTokenMs?: number;
  decodeMs?: number;
  code?: string;
  message?: string;
}
