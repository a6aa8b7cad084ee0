import { fromNativeEvent, IzwiError } from "./errors.js";
import type { NativeEvent } from "./native-addon.js";

/** One token and its natural-log probability, before temperature and filters. */
export interface TopLogprob {
  tokenId: number;
  /** Has U+FFFD where the token is only a part of a character. */
  text: string;
  /** The token's exact UTF-8 bytes. */
  bytes: number[];
  logprob: number;
}

/** The chosen token, with the most likely alternatives in falling order. */
export interface TokenLogprob extends TopLogprob {
  top: TopLogprob[];
}

/** A piece of the model's thinking, in whole characters. */
export interface ReasoningDelta {
  type: "reasoning-delta";
  text: string;
}

/** A piece of the answer, in whole characters. */
export interface TextDelta {
  type: "text-delta";
  text: string;
  /** Only when the request asked for `logprobs`. */
  logprobs?: TokenLogprob[];
}

/** The model begins to call a tool: its name is known, its arguments follow. */
export interface ToolCallStart {
  type: "tool-call-start";
  /** Place among this answer's calls, from 0. */
  index: number;
  name: string;
}

/** A piece of the arguments' JSON text. All pieces of a call joined are its whole `arguments`. */
export interface ToolCallDelta {
  type: "tool-call-delta";
  index: number;
  text: string;
}

/**
 * A whole call of a tool; `arguments` is a JSON text as the model wrote it. It doesn't come where the answer ended
 * within the call, by `maxTokens` or the end of the context.
 */
export interface ToolCallEvent {
  type: "tool-call";
  /** Place among this answer's calls, from 0. */
  index: number;
  name: string;
  arguments: string;
}

/** Token counts of one answer. */
export interface Usage {
  promptTokens: number;
  /** Prompt tokens whose keys and values were still in the KV cache: `promptTokens - cachedTokens` were prefilled. */
  cachedTokens: number;
  /** Generated tokens, thinking included. */
  completionTokens: number;
  reasoningTokens: number;
}

/** Milliseconds that one answer took. */
export interface Timings {
  queueMs: number;
  prefillMs: number;
  /** From the request to the first token. */
  timeToFirstTokenMs: number;
  /** From the first token to the last. */
  decodeMs: number;
  /** Decoded tokens after the first, by `decodeMs`; 0 for an answer of one token. */
  tokensPerSecond: number;
}

/**
 * Why the answer ended: the model was done or wrote a stop string (`stop`), `maxTokens` or the context was
 * reached (`length`), or the model called tools (`tool-calls`).
 */
export type FinishReason = "stop" | "length" | "tool-calls";

/** The last event of every answer that wasn't aborted. */
export interface EndEvent {
  type: "end";
  finishReason: FinishReason;
  /** The stop string that ended the answer, if one did. */
  stopString?: string;
  usage: Usage;
  timings: Timings;
}

export type ChatEvent = ReasoningDelta | TextDelta | ToolCallStart | ToolCallDelta | ToolCallEvent | EndEvent;

/**
 * The public form of a native event; undefined for the end of a cancelled answer, which the caller words itself.
 * An `error` event is thrown as an IzwiError.
 */
export function fromNative(event: NativeEvent): ChatEvent | undefined {
  switch (event.type) {
    case "reasoning-delta":
      return { type: "reasoning-delta", text: event.text ?? "" };
    case "text-delta": {
      const delta: TextDelta = { type: "text-delta", text: event.text ?? "" };
      if (event.logprobs) delta.logprobs = event.logprobs;
      return delta;
    }
    case "tool-call-start":
      return { type: "tool-call-start", index: event.index ?? 0, name: event.name ?? "" };
    case "tool-call-delta":
      return { type: "tool-call-delta", index: event.index ?? 0, text: event.text ?? "" };
    case "tool-call":
      return { type: "tool-call", index: event.index ?? 0, name: event.name ?? "", arguments: event.arguments ?? "" };
    case "end":
      return endEvent(event);
    case "error":
      throw fromNativeEvent(event.code, event.message);
    default:
      throw new IzwiError("INTERNAL", `The engine sent an event of the unknown type "${event.type}".`);
  }
}

function endEvent(event: NativeEvent): EndEvent | undefined {
  const { finishReason, stopString } = event;
  if (finishReason === "cancelled") return undefined;
  if (finishReason !== "stop" && finishReason !== "length" && finishReason !== "tool-calls") {
    throw new IzwiError("INTERNAL", `The engine sent the unknown finish reason "${finishReason}".`);
  }
  const completionTokens = event.completionTokens ?? 0;
  const decodeMs = event.decodeMs ?? 0;
  const end: EndEvent = {
    type: "end",
    finishReason,
    usage: {
      promptTokens: event.promptTokens ?? 0,
      cachedTokens: event.cachedTokens ?? 0,
      completionTokens,
      reasoningTokens: event.reasoningTokens ?? 0,
    },
    timings: {
      queueMs: event.queueMs ?? 0,
      prefillMs: event.prefillMs ?? 0,
      timeToFirstTokenMs: event.timeToFirstTokenMs ?? 0,
      decodeMs,
      tokensPerSecond: completionTokens > 1 && decodeMs > 0 ? ((completionTokens - 1) * 1000) / decodeMs : 0,
    },
  };
  if (stopString != null) end.stopString = stopString;
  return end;
}
