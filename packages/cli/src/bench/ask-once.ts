/** One answer, with the time of each piece. */
import type { AnswerFlags } from "../args/bench.js";
import type { Responder } from "../responder.js";

export interface Answered {
  /** Left in the middle, on purpose. What follows is then as far as it is known. */
  left: boolean;
  /** Undefined where no text came. */
  ttftMs?: number;
  /** From each piece of text to the next. */
  gapsMs: number[];
  promptTokens: number;
  completionTokens: number;
  prefillTokensPerSecond?: number;
  decodeTokensPerSecond?: number;
  totalMs: number;
}

/**
 * @param mark stands at the prompt's beginning and makes it one that no cache has
 * @param leaveAfter pieces of text after which the answer is left; 0: before the first
 */
export async function askOnce(
  responder: Responder,
  { system, prompt, maxTokens }: AnswerFlags,
  mark: string,
  leaveAfter: number | undefined,
  signal: AbortSignal,
): Promise<Answered> {
  const marked = (text: string) => `${mark}. ${text}`;
  const messages = [
    ...(system === undefined ? [] : [{ role: "system" as const, content: marked(system) }]),
    { role: "user" as const, content: system === undefined ? marked(prompt) : prompt },
  ];
  const leave = new AbortController();
  const both = AbortSignal.any([signal, leave.signal]);
  const startedAt = performance.now();
  const times: number[] = [];
  const soFar = (left: boolean): Answered => ({
    left,
    ...(times.length > 0 && { ttftMs: times[0]! - startedAt }),
    gapsMs: times.slice(1).map((time, index) => time - times[index]!),
    ...{ promptTokens: 0, completionTokens: 0, totalMs: performance.now() - startedAt },
  });
  // Somebody who goes before the first word goes while the prompt is being read.
  const early = leaveAfter === 0 ? setTimeout(() => leave.abort(), 1) : undefined;
  try {
    const request = { messages, maxTokens, thinking: false, temperature: 0 };
    for await (const event of responder.chat(request, { signal: both })) {
      if (event.type !== "end") {
        times.push(performance.now());
        if (times.length === leaveAfter) leave.abort();
        continue;
      }
      const { usage, timings } = event;
      const prefilled = usage.promptTokens - usage.cachedTokens;
      return {
        ...soFar(false),
        ...{ promptTokens: usage.promptTokens, completionTokens: usage.completionTokens },
        ...(timings.prefillMs > 0 && { prefillTokensPerSecond: (prefilled * 1000) / timings.prefillMs }),
        ...(timings.tokensPerSecond > 0 && { decodeTokensPerSecond: timings.tokensPerSecond }),
      };
    }
  } catch (error) {
    if (leave.signal.aborted && !signal.aborted) return soFar(true);
    throw error;
  } finally {
    clearTimeout(early);
  }
  throw new Error("The answer ended without its end.");
}
