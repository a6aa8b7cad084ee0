import type { VNode } from "preact";
import type { Usage } from "../conversation/message.js";

/** How fast an answer came. */
export function AnswerStats({ usage, model }: { usage: Usage; model: string | undefined }): VNode {
  const { tokensPerSecond, firstTokenMs, answerTokens } = usage;
  const parts = [
    tokensPerSecond !== undefined && `${rateText(tokensPerSecond)} tokens/s`,
    firstTokenMs !== undefined && `first after ${secondsText(firstTokenMs)}`,
    `${answerTokens.toLocaleString("en")} ${answerTokens === 1 ? "token" : "tokens"}`,
    model,
  ];
  return <span class="stats">{parts.filter(Boolean).join(" · ")}</span>;
}

function rateText(rate: number): string {
  return rate < 10 ? rate.toFixed(1) : Math.round(rate).toLocaleString("en");
}

function secondsText(ms: number): string {
  if (ms < 1) return "1 ms";
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
