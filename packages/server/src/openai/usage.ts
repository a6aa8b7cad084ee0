import type { EndEvent, Usage } from "@izwi/core";
import { z } from "@hono/zod-openapi";

const Count = z.int().min(0);

/** Token counts of an answer. */
export const UsageField = z
  .object({
    prompt_tokens: Count,
    completion_tokens: Count,
    total_tokens: Count,
    prompt_tokens_details: z.object({
      cached_tokens: Count.openapi({ description: "Prompt tokens that were computed for an earlier request." }),
    }),
    completion_tokens_details: z.object({ reasoning_tokens: Count }),
  })
  .openapi("Usage");

export type WireUsage = z.output<typeof UsageField>;

/** Durations in milliseconds, with llama.cpp's names. */
export const TimingsField = z
  .object({
    cache_n: Count.openapi({ description: "Prompt tokens that were in the cache." }),
    prompt_n: Count.openapi({ description: "Prompt tokens that were computed." }),
    prompt_ms: z.number(),
    prompt_per_second: z.number(),
    predicted_n: Count,
    predicted_ms: z.number(),
    predicted_per_second: z.number(),
    queue_ms: z.number(),
    time_to_first_token_ms: z.number(),
  })
  .openapi("Timings");

/** The answers to one prompt together: the prompt counts once, what was generated counts each time. */
export function usageOfChoices(usages: readonly Usage[]): Usage {
  const total = (count: (usage: Usage) => number) => usages.reduce((sum, usage) => sum + count(usage), 0);
  return {
    promptTokens: usages[0]?.promptTokens ?? 0,
    // What an earlier answer to the same prompt has just computed isn't a saving of this request.
    cachedTokens: usages.length > 0 ? Math.min(...usages.map((usage) => usage.cachedTokens)) : 0,
    completionTokens: total((usage) => usage.completionTokens),
    reasoningTokens: total((usage) => usage.reasoningTokens),
  };
}

/** Answers to different prompts together. */
export function sumUsage(usages: readonly Usage[]): Usage {
  const sum: Usage = { promptTokens: 0, cachedTokens: 0, completionTokens: 0, reasoningTokens: 0 };
  for (const usage of usages) {
    sum.promptTokens += usage.promptTokens;
    sum.cachedTokens += usage.cachedTokens;
    sum.completionTokens += usage.completionTokens;
    sum.reasoningTokens += usage.reasoningTokens;
  }
  return sum;
}

export function toWireUsage(usage: Usage): WireUsage {
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.promptTokens + usage.completionTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedTokens },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
  };
}

export function toWireTimings({ usage, timings }: EndEvent): z.output<typeof TimingsField> {
  const computed = usage.promptTokens - usage.cachedTokens;
  return {
    cache_n: usage.cachedTokens,
    prompt_n: computed,
    prompt_ms: rounded(timings.prefillMs),
    prompt_per_second: timings.prefillMs > 0 ? rounded((computed * 1000) / timings.prefillMs) : 0,
    predicted_n: usage.completionTokens,
    predicted_ms: rounded(timings.decodeMs),
    predicted_per_second: rounded(timings.tokensPerSecond),
    queue_ms: rounded(timings.queueMs),
    time_to_first_token_ms: rounded(timings.timeToFirstTokenMs),
  };
}

/** Nobody measures finer than a thousandth. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
