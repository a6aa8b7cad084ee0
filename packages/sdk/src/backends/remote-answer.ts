import { IzwiError, type ChatEvent, type EndEvent, type FinishReason, type Timings, type Usage } from "@izwi/core";
import type OpenAI from "openai";
import { ThoughtSplitter } from "./thought-splitter.js";

export type WireChunk = OpenAI.Chat.Completions.ChatCompletionChunk;
type WireDelta = WireChunk["choices"][number]["delta"] & {
  reasoning_content?: string | null;
  reasoning?: string | null;
};

/** As Izwi and llama.cpp give it with the last chunk. */
interface WireTimings {
  prompt_ms?: number;
  predicted_ms?: number;
  predicted_per_second?: number;
  queue_ms?: number;
  time_to_first_token_ms?: number;
}

interface PendingCall {
  index: number;
  name: string;
  arguments: string;
  begun: boolean;
}

/** Turns the chunks of one streamed answer into events. */
export class RemoteAnswer {
  readonly #started = performance.now();
  readonly #calls = new Map<number, PendingCall>();
  readonly #splitter = new ThoughtSplitter();
  #firstAt: number | undefined;
  #finish: string | undefined;
  #usage: OpenAI.CompletionUsage | undefined;
  #timings: WireTimings | undefined;

  /** True from the first thought or text on. */
  get begun(): boolean {
    return this.#firstAt !== undefined;
  }

  add(chunk: WireChunk): ChatEvent[] {
    if (chunk.usage) this.#usage = chunk.usage;
    const { timings } = chunk as { timings?: WireTimings };
    if (timings) this.#timings = timings;
    const choice = chunk.choices?.[0];
    if (choice === undefined) return [];
    if (choice.finish_reason) this.#finish = choice.finish_reason;
    const events = this.#delta(choice.delta ?? {});
    if (events.length > 0) this.#firstAt ??= performance.now();
    return events;
  }

  /** The events after the last chunk. Throws where the answer hasn't ended as it should. */
  end(): ChatEvent[] {
    const rest = this.#splitter.end();
    if (this.#finish === undefined) {
      throw new IzwiError("UPSTREAM_FAILED", "The server's answer broke off before its end.");
    }
    const finishReason = finishReasonOf(this.#finish, this.#calls.size > 0);
    // A call that the length limit cut isn't one.
    const calls = finishReason === "length" ? [] : [...this.#calls.values()].sort((a, b) => a.index - b.index);
    const whole = calls.map(({ name, arguments: args }, index): ChatEvent => ({
      type: "tool-call",
      index,
      name,
      arguments: args || "{}",
    }));
    const end: EndEvent = { type: "end", finishReason, usage: this.#usageOf(), timings: this.#timingsOf() };
    return [...rest, ...whole, end];
  }

  #delta(delta: WireDelta): ChatEvent[] {
    const events: ChatEvent[] = [];
    const reasoning = delta.reasoning_content ?? delta.reasoning;
    if (reasoning) events.push({ type: "reasoning-delta", text: reasoning });
    if (delta.content) events.push(...this.#splitter.add(delta.content));
    for (const { index = 0, function: called } of delta.tool_calls ?? []) {
      const call = this.#calls.get(index) ?? { index, name: "", arguments: "", begun: false };
      this.#calls.set(index, call);
      if (called?.name) call.name += called.name;
      if (!call.begun && call.name !== "") {
        call.begun = true;
        events.push({ type: "tool-call-start", index, name: call.name });
      }
      if (called?.arguments) {
        call.arguments += called.arguments;
        events.push({ type: "tool-call-delta", index, text: called.arguments });
      }
    }
    return events;
  }

  #usageOf(): Usage {
    const usage = this.#usage;
    return {
      promptTokens: usage?.prompt_tokens ?? 0,
      cachedTokens: usage?.prompt_tokens_details?.cached_tokens ?? 0,
      completionTokens: usage?.completion_tokens ?? 0,
      reasoningTokens: usage?.completion_tokens_details?.reasoning_tokens ?? 0,
    };
  }

  /** The server's own times, else what could be measured here. */
  #timingsOf(): Timings {
    const now = performance.now();
    const firstAt = this.#firstAt ?? now;
    const given = this.#timings ?? {};
    const decodeMs = given.predicted_ms ?? now - firstAt;
    const tokens = this.#usage?.completion_tokens ?? 0;
    return {
      queueMs: given.queue_ms ?? 0,
      prefillMs: given.prompt_ms ?? 0,
      timeToFirstTokenMs: firstAt - this.#started,
      decodeMs,
      tokensPerSecond:
        given.predicted_per_second ?? (tokens > 1 && decodeMs > 0 ? ((tokens - 1) * 1000) / decodeMs : 0),
    };
  }
}

function finishReasonOf(wire: string, called: boolean): FinishReason {
  if (wire === "length") return "length";
  // Some servers say "stop" after a call that they were made to.
  return wire === "tool_calls" || wire === "function_call" || called ? "tool-calls" : "stop";
}
