import { IzwiError, type ChatEvent, type ChatRequest, type FinishReason } from "@izwi/core";
import { setTimeout as sleep } from "node:timers/promises";
import type { BackendStream, ChatBackend } from "../backends/backend.js";
import { aborted } from "../errors.js";

/** One answer as a test writes it; a text alone is the usual case. */
export interface ScriptedReply {
  text?: string;
  reasoning?: string;
  /** Arguments are an object, or a text that is handed on as it is. */
  toolCalls?: { name: string; arguments?: Record<string, unknown> | string }[];
  /** Default: `tool-calls` with tool calls, else `stop`. */
  finishReason?: FinishReason;
  /** Thrown after what comes before it. */
  error?: Error;
  /** Waited for before each piece, in milliseconds. */
  delayMs?: number;
}

export type ScriptedAnswer =
  string | ScriptedReply | ((request: ChatRequest) => string | ScriptedReply | Promise<string | ScriptedReply>);

export interface ScriptedOptions {
  /** The model's name. Default: `scripted`. */
  model?: string;
  /** Default: 4096. A token is four characters here. */
  contextLength?: number;
}

/** A model that says what a test has written down, in order. It remembers what it was asked. */
export class ScriptedBackend implements ChatBackend {
  readonly model: string;
  /** Every request so far, oldest first. */
  readonly requests: ChatRequest[] = [];
  /** How many sessions use it. */
  users = 0;
  readonly #answers: ScriptedAnswer[];
  readonly #contextLength: number;

  constructor(answers: ScriptedAnswer[], { model = "scripted", contextLength = 4096 }: ScriptedOptions = {}) {
    this.#answers = [...answers];
    this.#contextLength = contextLength;
    this.model = model;
  }

  /** For `chat({ chatBackend: backend.open })`. */
  readonly open = (): Promise<this> => {
    this.users += 1;
    return Promise.resolve(this);
  };

  /** The newest request. */
  get lastRequest(): ChatRequest {
    const request = this.requests.at(-1);
    if (request === undefined) throw new Error("The scripted model hasn't been asked anything.");
    return request;
  }

  contextLength(): Promise<number> {
    return Promise.resolve(this.#contextLength);
  }

  countTokens(request: ChatRequest): Promise<number> {
    return Promise.resolve(promptTokens(request));
  }

  chat(request: ChatRequest, { signal }: { signal: AbortSignal }): BackendStream {
    return new ScriptedStream(() => this.#next(request), request, this.#contextLength, signal);
  }

  release(): Promise<void> {
    this.users -= 1;
    return Promise.resolve();
  }

  async #next(request: ChatRequest): Promise<ScriptedReply> {
    this.requests.push(structuredClone(request));
    if (this.#answers.length === 0) {
      throw new Error(`The script has no answer left, after ${this.requests.length - 1} requests.`);
    }
    const answer = this.#answers.shift()!;
    const given = typeof answer === "function" ? await answer(request) : answer;
    return typeof given === "string" ? { text: given } : given;
  }
}

/** A model that gives these answers, in order, and fails when there is none left. */
export function scripted(answers: ScriptedAnswer[], options?: ScriptedOptions): ScriptedBackend {
  return new ScriptedBackend(answers, options);
}

class ScriptedStream implements BackendStream {
  readonly #next: () => Promise<ScriptedReply>;
  readonly #request: ChatRequest;
  readonly #limit: number;
  readonly #signal: AbortSignal;
  #thinks = true;

  constructor(next: () => Promise<ScriptedReply>, request: ChatRequest, limit: number, signal: AbortSignal) {
    this.#next = next;
    this.#request = request;
    this.#limit = limit;
    this.#signal = signal;
  }

  endThinking(): void {
    this.#thinks = false;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ChatEvent, void> {
    const prompt = promptTokens(this.#request);
    if (prompt >= this.#limit) {
      throw new IzwiError("CONTEXT_OVERFLOW", `The prompt has ${prompt} tokens, but the context holds ${this.#limit}.`);
    }
    const reply = await this.#next();
    let pieces = 0;
    let reasoning = 0;
    for (const event of piecesOf(reply)) {
      if (event.type !== "reasoning-delta" || this.#thinks) await this.#wait(reply.delayMs);
      if (event.type === "reasoning-delta" && !this.#thinks) continue;
      pieces += 1;
      if (event.type === "reasoning-delta") reasoning += 1;
      yield event;
    }
    await this.#wait(reply.delayMs);
    if (reply.error !== undefined) throw reply.error;
    const finishReason = reply.finishReason ?? (reply.toolCalls?.length ? "tool-calls" : "stop");
    const usage = { promptTokens: prompt, cachedTokens: 0, completionTokens: pieces, reasoningTokens: reasoning };
    const timings = { queueMs: 0, prefillMs: 1, timeToFirstTokenMs: 1, decodeMs: pieces, tokensPerSecond: 1000 };
    yield { type: "end", finishReason, usage, timings };
  }

  async #wait(delayMs: number | undefined): Promise<void> {
    if (delayMs !== undefined) await sleep(delayMs, undefined, { signal: this.#signal }).catch(() => undefined);
    if (this.#signal.aborted) throw aborted(this.#signal.reason);
  }
}

/** Word by word, as a model's tokens come. */
function* piecesOf({ text = "", reasoning = "", toolCalls = [] }: ScriptedReply): Generator<ChatEvent, void> {
  for (const piece of wordsOf(reasoning)) yield { type: "reasoning-delta", text: piece };
  for (const piece of wordsOf(text)) yield { type: "text-delta", text: piece };
  for (const [index, { name, arguments: args = {} }] of toolCalls.entries()) {
    const json = typeof args === "string" ? args : JSON.stringify(args);
    yield { type: "tool-call-start", index, name };
    yield { type: "tool-call-delta", index, text: json };
    yield { type: "tool-call", index, name, arguments: json };
  }
}

const wordsOf = (text: string): string[] => text.match(/\s*\S+\s*?(?=\s|$)|\s+/g) ?? [];

/** Four characters are a token, and each message has four more. */
function promptTokens({ messages, tools = [] }: ChatRequest): number {
  const text = messages.reduce((length, { content }) => length + content.length, 0);
  return Math.ceil((text + (tools.length > 0 ? JSON.stringify(tools).length : 0)) / 4) + messages.length * 4;
}
