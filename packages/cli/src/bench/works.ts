/** What a model's speed is measured by, and what each piece of work takes from memory. */
import type { ModelInfo } from "@izwi/core";
import type { SpeedFlags } from "../args/bench.js";

export interface Work {
  kind: "prefill" | "decode" | "batch";
  /** How many sequences go on together. */
  sequences: number;
  /** Tokens of each that are in the KV cache before the clock starts. */
  depth: number;
  /** Tokens of each that are read while it runs. */
  prompt: number;
  /** Tokens that each gives. */
  tokens: number;
}

/** What a batch's sequences have behind them. */
const BATCH_DEPTH = 128;

export function worksOf({ prefill, depth, batch, tokens }: SpeedFlags): Work[] {
  return [
    ...prefill.map((prompt): Work => ({ kind: "prefill", sequences: 1, depth: 0, prompt, tokens: 1 })),
    ...depth.map((depth): Work => ({ kind: "decode", sequences: 1, depth, prompt: 1, tokens })),
    ...batch.map((sequences): Work => ({ kind: "batch", sequences, depth: BATCH_DEPTH, prompt: 1, tokens })),
  ];
}

export function nameOf({ kind, sequences, depth, prompt }: Work): string {
  if (kind === "prefill") return `read ${prompt} tokens`;
  if (kind === "batch") return `decode ${sequences} together`;
  return depth === 0 ? "decode" : `decode after ${depth}`;
}

/** Positions that a sequence takes. */
export const lengthOf = ({ depth, prompt, tokens }: Work): number => depth + prompt + tokens;

/** Tokens that the figure in tokens per second counts. */
export const ratedTokens = ({ kind, sequences, prompt, tokens }: Work): number =>
  kind === "prefill" ? prompt : sequences * tokens;

/** Files smaller than this may stay in the processor's caches. */
const LARGER_THAN_CACHES = 128 * 2 ** 20;

/**
 * How much of what the machine's memory allows is reached: each pass reads all weights and every sequence's KV cache so
 * far. Undefined where that isn't the limit: reading a prompt, experts of which only some are read, small models, GPUs.
 */
export function shareOfMemory(
  work: Work,
  tokensPerSecond: number,
  info: ModelInfo,
  kvBytesPerPosition: number,
  bytesPerSecond: number | undefined,
): number | undefined {
  const onCpu = info.backend === "cpu" || info.backend === "candle";
  const isLimit = onCpu && !/moe/i.test(info.architecture) && info.fileBytes >= LARGER_THAN_CACHES;
  if (work.kind === "prefill" || !isLimit || bytesPerSecond === undefined) return undefined;
  const bytes = info.fileBytes + work.sequences * (work.depth + work.tokens / 2) * kvBytesPerPosition;
  return ((tokensPerSecond / work.sequences) * bytes) / bytesPerSecond;
}
