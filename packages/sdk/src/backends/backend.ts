import type { ChatEvent, ChatRequest } from "@izwi/core";

/** One answer on its way: the model's events in order, the last of them `end`. */
export interface BackendStream extends AsyncIterable<ChatEvent> {
  /** "Answer now": closes the model's thought. No effect on an answer that doesn't think, or not any more. */
  endThinking(): void;
}

/** What a session's file says of the model. */
export interface ModelIdentity {
  name: string;
  /** The file's SHA-256, where it is known. */
  sha256?: string;
}

/**
 * What a session needs of a model, wherever that runs: in this process, or behind a server. Sessions know nothing
 * else, so one of your own (`chat({ chatBackend })`) is as good as those that come with this package.
 */
export interface ChatBackend {
  /** The model's name, as replies tell it. */
  readonly model: string;
  /** How a saved session finds the model again. Default: by `model`. */
  readonly identity?: ModelIdentity;
  /** Most tokens of a conversation, prompt and answer together; undefined where it isn't known. */
  contextLength(): Promise<number | undefined>;
  /**
   * The prompt's exact number of tokens, or undefined where it can't be known before it is sent. Asked only when a
   * conversation comes near its context's end.
   */
  countTokens(request: ChatRequest): Promise<number | undefined>;
  /** Answers a conversation. Failures are `IzwiError`s, and come from the iteration. */
  chat(request: ChatRequest, options: { signal: AbortSignal }): BackendStream;
  /**
   * Keeps what the model has computed of a conversation in a file, for `loadCache`. Absent where that can't be had.
   *
   * @returns how many tokens were saved; for 0 there is no file
   */
  saveCache?(path: string, request: ChatRequest): Promise<number>;
  /** Takes it back. Resolves to 0 for a file of another model, quantization or version. */
  loadCache?(path: string): Promise<number>;
  /** The session doesn't need it any more. Called once for each session that was given this backend. */
  release(): Promise<void>;
}

/** Opens a backend for one more session. */
export type OpenBackend = () => Promise<ChatBackend>;
