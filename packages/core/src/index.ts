export { loadModel, Model } from "./model.js";
export type { Backend, EngineStats, KvCacheType, LoadModelOptions, ModelInfo, Speculation } from "./model.js";

export type { LoadProgress } from "./load-progress.js";
export type { ChatStream } from "./chat-stream.js";
export type { ChatRequest, CompletionRequest, GenerationSettings, ToolChoice } from "./request.js";
export type { ResponseFormat } from "./response-format.js";
export type {
  AssistantMessage,
  ChatMessage,
  SystemMessage,
  Tool,
  ToolCall,
  ToolMessage,
  UserMessage,
} from "./messages.js";
export type {
  ChatEvent,
  EndEvent,
  FinishReason,
  ReasoningDelta,
  TextDelta,
  Timings,
  TokenLogprob,
  ToolCallDelta,
  ToolCallEvent,
  ToolCallStart,
  TopLogprob,
  Usage,
} from "./events.js";

export { ERROR_CODES, IzwiError } from "./errors.js";
export type { ErrorCode } from "./errors.js";

export { memoryBandwidth } from "./memory-bandwidth.js";

export { CATALOG, DEFAULT_MODEL, downloadUrl, findInCatalog } from "./catalog/catalog.js";
export type { CatalogEntry } from "./catalog/catalog.js";
export { fitsInMemory, memoryNeeds, usableMemory, USUAL_CONTEXT_LENGTH } from "./catalog/memory-needs.js";
export type { MemoryNeeds } from "./catalog/memory-needs.js";
export type { InstallRecord } from "./store/install-record.js";
export { listModels } from "./store/list.js";
export type { InstalledModel } from "./store/list.js";
export { LOCK_FILE, readLockFile } from "./store/lock-file.js";
export type { LockedModel } from "./store/lock-file.js";
export { listPartials } from "./store/partials.js";
export type { PartialModel } from "./store/partials.js";
export { pullModel } from "./store/pull.js";
export type { PulledModel, PullOptions } from "./store/pull.js";
export type { PullTuning } from "./store/pull-context.js";
export type { DownloadProgress, PullProgress } from "./store/pull-progress.js";
export { removeModel } from "./store/remove.js";
export type { RemovedModel } from "./store/remove.js";
export { verifyModel } from "./store/verify.js";
export type { VerifiedModel } from "./store/verify.js";
export { BUILTIN_MODEL, builtinModelPath, modelsDirectory } from "./store/paths.js";
export { resolveModel } from "./store/resolve.js";
export type { ResolvedModel } from "./store/resolve.js";

export { DEFAULT_VOICE, listVoices, loadVoice } from "./speech/voices.js";
export type { LoadVoiceOptions } from "./speech/voices.js";
export { SPEED_RANGE } from "./speech/voice.js";
export type { Sound, SynthesisOptions, Voice, VoiceInfo } from "./speech/voice.js";
export { SpeechStream } from "./speech/speech-stream.js";
export type { SpeechStreamOptions, SpokenSentence } from "./speech/speech-stream.js";
export { resample } from "./speech/sound.js";
export { toBytes, wavHeader } from "./speech/wav.js";
