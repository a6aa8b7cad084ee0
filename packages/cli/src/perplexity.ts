/** How well a model foretells a text: windows over its tokens, and what comes out of their scores. */
import type { Windowing } from "./args/measure.js";

export interface TextWindow {
  begin: number;
  end: number;
  /** The first token that counts; those before it are only seen. */
  from: number;
}

/** A text's first token follows on nothing, and counts in no window. */
export function windowsOf(tokens: number, method: Windowing, size: number, stride: number): TextWindow[] {
  const windows: TextWindow[] = [];
  if (method === "chunks") {
    const half = Math.floor(size / 2);
    for (let begin = 0; begin + size <= tokens; begin += size) {
      windows.push({ begin, end: begin + size, from: begin + half + 1 });
    }
    return windows;
  }
  for (let begin = 0, counted = 1; counted < tokens; begin += stride) {
    const end = Math.min(begin + size, tokens);
    windows.push({ begin, end, from: counted });
    counted = end;
  }
  return windows;
}

export interface Perplexity {
  perplexity: number;
  /** The standard error. */
  error: number;
  /** The mean of the negative natural logarithms. */
  nll: number;
  /** How many tokens counted. */
  tokens: number;
}

export function perplexityOf(logprobs: readonly number[]): Perplexity {
  const tokens = logprobs.length;
  const nll = -logprobs.reduce((sum, logprob) => sum + logprob, 0) / tokens;
  const variance = logprobs.reduce((sum, logprob) => sum + (logprob + nll) ** 2, 0) / tokens;
  const perplexity = Math.exp(nll);
  return { perplexity, error: tokens > 1 ? perplexity * Math.sqrt(variance / (tokens - 1)) : 0, nll, tokens };
}
