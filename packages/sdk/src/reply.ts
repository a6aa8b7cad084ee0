import type {
  EndEvent,
  FinishReason,
  ReasoningDelta,
  TextDelta,
  Timings,
  ToolCallDelta,
  ToolCallStart,
  Usage,
} from "@izwi/core";

/** How full the context is. */
export interface ContextUse {
  /** Tokens of the prompt and the answer together. */
  used: number;
  /** Most tokens that the context holds; undefined where a remote server doesn't say. */
  limit: number | undefined;
  /** Messages of the history that the model didn't see this time, because of the `overflow` policy. */
  dropped: number;
}

/** A tool that the model called, and what came of it. */
export interface ToolRun {
  id: string;
  name: string;
  /** The arguments as the model wrote them, parsed; the text itself where it isn't JSON. */
  arguments: unknown;
  /** What the model was told: the result as text, or why there is none. */
  result: string;
  /** The call failed or was refused, and the model was told so. */
  isError: boolean;
}

/** Everything about one answer. */
export interface Reply {
  text: string;
  /** The model's thoughts, all steps joined; empty without `thinking`. */
  reasoning: string;
  toolRuns: ToolRun[];
  /** How many times the model was asked: once, and once more after each round of tool calls. */
  steps: number;
  /** `left`: the answer was left or stopped before its end, `text` is the part that had come. */
  finishReason: FinishReason | "left";
  /** Sums over all steps. */
  usage: Usage;
  /** Sums over all steps; the time to the first token is the first step's. */
  timings: Timings;
  context: ContextUse;
  /** The model that answered. */
  model: string;
}

/** A tool call is whole and about to be run. */
export interface ReplyToolCall {
  type: "tool-call";
  id: string;
  name: string;
  arguments: unknown;
}

/** A tool has been run. */
export interface ReplyToolResult extends ToolRun {
  type: "tool-result";
}

/** The last event: the whole reply. */
export interface ReplyEnd extends Reply {
  type: "end";
}

/** What `stream().events` gives, in order. */
export type ReplyEvent =
  ReasoningDelta | TextDelta | ToolCallStart | ToolCallDelta | ReplyToolCall | ReplyToolResult | ReplyEnd;

export const NO_USAGE: Usage = { promptTokens: 0, cachedTokens: 0, completionTokens: 0, reasoningTokens: 0 };
export const NO_TIMINGS: Timings = {
  queueMs: 0,
  prefillMs: 0,
  timeToFirstTokenMs: 0,
  decodeMs: 0,
  tokensPerSecond: 0,
};

/** Adds a step's counts and times to those of the steps before it. */
export function addStep(
  total: Pick<Reply, "usage" | "timings">,
  { usage, timings }: Pick<EndEvent, "usage" | "timings">,
): Pick<Reply, "usage" | "timings"> {
  const before = total.timings;
  const decodeMs = before.decodeMs + timings.decodeMs;
  const decoded = before.tokensPerSecond * before.decodeMs + timings.tokensPerSecond * timings.decodeMs;
  return {
    usage: {
      promptTokens: total.usage.promptTokens + usage.promptTokens,
      cachedTokens: total.usage.cachedTokens + usage.cachedTokens,
      completionTokens: total.usage.completionTokens + usage.completionTokens,
      reasoningTokens: total.usage.reasoningTokens + usage.reasoningTokens,
    },
    timings: {
      queueMs: before.queueMs + timings.queueMs,
      prefillMs: before.prefillMs + timings.prefillMs,
      timeToFirstTokenMs: before.timeToFirstTokenMs || timings.timeToFirstTokenMs,
      decodeMs,
      tokensPerSecond: decodeMs > 0 ? decoded / decodeMs : 0,
    },
  };
}
