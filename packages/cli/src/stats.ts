import type { EndEvent } from "@izwi/core";

/** One line of figures for an answer, as `--stats` and `/stats` print it. */
export function formatStats({ usage, timings }: EndEvent): string {
  const prefilled = usage.promptTokens - usage.cachedTokens;
  const thinking = usage.reasoningTokens > 0 ? ` (${usage.reasoningTokens} thinking)` : "";
  return [
    `TTFT ${milliseconds(timings.timeToFirstTokenMs)}`,
    `prefill ${prefilled} tokens${perSecond(rate(prefilled, timings.prefillMs))}`,
    `decode ${usage.completionTokens} tokens${thinking}${perSecond(timings.tokensPerSecond)}`,
    `prompt ${usage.promptTokens} (${usage.cachedTokens} cached)`,
  ].join(" · ");
}

function rate(tokens: number, ms: number): number {
  return ms > 0 ? (tokens * 1000) / ms : 0;
}

/** Nothing for a rate that can't be told, such as that of a single token. */
function perSecond(tokensPerSecond: number): string {
  if (tokensPerSecond <= 0) return "";
  return `, ${tokensPerSecond < 100 ? tokensPerSecond.toFixed(1) : tokensPerSecond.toFixed(0)}/s`;
}

function milliseconds(ms: number): string {
  return ms < 10_000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
