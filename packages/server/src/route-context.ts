import type { EndEvent } from "@izwi/core";
import type { ModelSource } from "./model-source.js";

/** What hono's context carries for every route. */
export interface AppEnv {
  Variables: {
    /** The client's `x-request-id`, or one made here; the answer's header repeats it. */
    requestId: string;
    /**
     * Fires when the client is gone, when the request took longer than allowed, and when the server stops without
     * waiting any longer. Its reason is the error to answer with, where there is still someone to answer.
     */
    signal: AbortSignal;
    /** The request may take as long as it takes: for answers that tell of work which may last for hours. */
    liftTimeLimit(): void;
  };
}

/** What every route file is registered with. */
export interface RouteContext {
  models: ModelSource;
  limits: Limits;
  metrics: Metrics;
  log: Logger;
  /** A stream that is silent this long gets a comment, so that proxies and clients don't give up on it. */
  pingMs: number;
}

/** How much one request may ask for. */
export interface Limits {
  /** Largest body of a request. */
  bodyBytes: number;
  /** Most messages of a conversation. */
  messages: number;
  /** Most answers to one prompt (`n`), and most prompts of one completion. */
  choices: number;
  /** Most texts of one embeddings request. */
  inputs: number;
  /** Longest answer in tokens; a request that asks for more is refused, one that asks for nothing gets at most this. */
  completionTokens: number;
}

/** Counts and durations of the answers, for `/metrics`. */
export interface Metrics {
  firstToken(model: string, ms: number): void;
  interToken(model: string, ms: number): void;
  answer(model: string, end: EndEvent): void;
  failed(model: string, code: string): void;
}

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Structured log lines. Never give one a message's content, a prompt or an answer. */
export interface Logger {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}
