import type * as IzwiCore from "@izwi/core";

/**
 * What the commands use of @izwi/core: a part of it by name, so that tests can hand in a fake. The package is imported
 * only when a command runs: `izwi --help` must not wait for it.
 */
export type Core = Pick<
  typeof IzwiCore,
  | "resolveModel"
  | "listModels"
  | "listPartials"
  | "modelsDirectory"
  | "builtinModelPath"
  | "pullModel"
  | "removeModel"
  | "verifyModel"
  | "readLockFile"
  | "findInCatalog"
  | "memoryNeeds"
  | "usableMemory"
  | "fitsInMemory"
  | "DEFAULT_VOICE"
  | "listVoices"
  | "loadVoice"
  | "SpeechStream"
  | "toBytes"
  | "memoryBandwidth"
  | "BUILTIN_MODEL"
  | "CATALOG"
  | "LOCK_FILE"
> & {
  loadModel(...args: Parameters<typeof IzwiCore.loadModel>): Promise<ChatModel>;
};

export type ChatModel = Pick<IzwiCore.Model, "info" | "close" | "tokenize" | "detokenize" | "score" | "stats"> & {
  chat(request: IzwiCore.ChatRequest, options?: { signal?: AbortSignal }): AsyncIterable<IzwiCore.ChatEvent>;
  complete(request: IzwiCore.CompletionRequest, options?: { signal?: AbortSignal }): AsyncIterable<IzwiCore.ChatEvent>;
};

export type LoadCore = () => Promise<Core>;

export const loadCore: LoadCore = () => import("@izwi/core");
