import type { Model } from "@izwi/core";

/** What routes use of a loaded model; tests pass a fake. */
export type ServedModel = Pick<
  Model,
  "info" | "chat" | "complete" | "tokenize" | "detokenize" | "applyTemplate" | "score" | "logprobs" | "embed" | "stats"
>;

/** The right to use a model; while one is held, the model stays loaded. */
export interface ModelLease {
  /** The name that the model is known by, whatever name it was asked for with. */
  readonly id: string;
  readonly model: ServedModel;
  /** Gives the lease back. May be called again. */
  release(): void;
}

export type ModelStatus = "downloaded" | "loading" | "ready" | "error";

/** A model that can be asked for. */
export interface ModelListing {
  id: string;
  /** The file's modification time, in seconds since 1970. */
  created: number;
  builtin: boolean;
  bytes: number;
  status: ModelStatus;
  /** Most tokens of a conversation; known of a loaded model. */
  contextLength?: number;
  /** For how long it has been loading. */
  loadingMs?: number;
  /** Of its weights, what is ready, from 0 to 1; while it is loading, as soon as that is known. */
  loadedFraction?: number;
}

/** Where routes get their models from. */
export interface ModelSource {
  /**
   * Loads the model on its first use and waits for it. Throws an IzwiError, such as `MODEL_NOT_FOUND`.
   *
   * @param name undefined means the default model
   */
  acquire(name: string | undefined, signal?: AbortSignal): Promise<ModelLease>;
  list(): Promise<ModelListing[]>;
}

/** What the server's owner may do with models, besides asking them. */
export interface ModelAdmin {
  list(): Promise<ModelListing[]>;
  /** Begins to load a model, unless that is done or under way. Throws where there is no such model. */
  load(name: string): Promise<{ id: string; loaded: Promise<void> }>;
  /** Unloads a model, unless requests use it or wait for it. Throws where there is no such model. */
  unload(name: string): Promise<{ id: string; unloaded: boolean }>;
}
