import type { TokenLogprob, TopLogprob } from "@izwi/core";
import { z } from "@hono/zod-openapi";

const Token = {
  token: z.string(),
  logprob: z.number(),
  bytes: z.array(z.int().min(0).max(255)),
};

/** Log probabilities of an answer's tokens, in the chat endpoint's shape. */
export const LogprobsField = z
  .object({
    content: z.array(z.object({ ...Token, top_logprobs: z.array(z.object(Token)) })),
    refusal: z.null(),
  })
  .openapi("Logprobs");

export type WireLogprobs = z.output<typeof LogprobsField>;

export function toWireLogprobs(logprobs: readonly TokenLogprob[]): WireLogprobs["content"] {
  return logprobs.map((entry) => ({ ...toWireToken(entry), top_logprobs: entry.top.map(toWireToken) }));
}

function toWireToken({ text, bytes, logprob }: TopLogprob) {
  return { token: text, logprob: finite(logprob), bytes };
}

/** JSON has no infinity: a token that can't come has the least probability that OpenAI's API names. */
function finite(logprob: number): number {
  return Number.isFinite(logprob) ? logprob : -9999;
}

/** Log probabilities of a completion's tokens, in the shape of the older endpoint. */
export const LegacyLogprobsField = z
  .object({
    tokens: z.array(z.string()),
    token_logprobs: z.array(z.number().nullable()),
    top_logprobs: z.array(z.record(z.string(), z.number()).nullable()).nullable(),
    text_offset: z.array(z.int()).openapi({ description: "Where each token begins in the text, in characters." }),
  })
  .openapi("CompletionLogprobs");

export type LegacyLogprobs = z.output<typeof LegacyLogprobsField>;

/** A token of a completion; `logprob` is undefined for a prompt's first one, which nothing comes before. */
export interface ScoredToken {
  text: string;
  bytes: number[];
  logprob?: number;
  top?: TopLogprob[];
}

/** Collects tokens in the older shape, keeping track of where in the text each begins. */
export class LegacyLogprobsWriter {
  readonly #top: number;
  /** Whole characters before the next token. Counted in bytes that begin one, as a token may be a part of one. */
  #offset: number;

  /** `top`: alternatives for each token; with 0 there is no list of them. */
  constructor(top: number, offset = 0) {
    this.#top = top;
    this.#offset = offset;
  }

  /** The next tokens, in the shape that is sent. */
  write(tokens: readonly ScoredToken[]): LegacyLogprobs {
    const wire: LegacyLogprobs = {
      tokens: [],
      token_logprobs: [],
      top_logprobs: this.#top > 0 ? [] : null,
      text_offset: [],
    };
    for (const token of tokens) {
      wire.tokens.push(tokenName(token));
      wire.token_logprobs.push(token.logprob === undefined ? null : finite(token.logprob));
      wire.top_logprobs?.push(alternatives(token));
      wire.text_offset.push(this.#offset);
      this.#offset += token.bytes.filter((byte) => (byte & 0xc0) !== 0x80).length;
    }
    return wire;
  }
}

/** The chosen token is always among the alternatives, in addition if it has to be. */
function alternatives(token: ScoredToken): Record<string, number> | null {
  if (token.logprob === undefined) return null;
  const entries = (token.top ?? []).map((entry): [string, number] => [tokenName(entry), finite(entry.logprob)]);
  // Two tokens may have one name; the likelier one, which comes first, keeps it.
  const unique = new Map<string, number>([[tokenName(token), finite(token.logprob)]]);
  for (const [name, logprob] of entries) {
    const before = unique.get(name);
    if (before === undefined || before < logprob) unique.set(name, logprob);
  }
  return Object.fromEntries([...unique].sort(([, a], [, b]) => b - a));
}

/** A token's text; a part of a character is written as its bytes, so that it stays distinct from other parts. */
function tokenName({ text, bytes }: { text: string; bytes: number[] }): string {
  if (!text.includes("\ufffd")) return text;
  const decoded = new TextEncoder().encode(text);
  const isExact = decoded.length === bytes.length && decoded.every((byte, index) => byte === bytes[index]);
  return isExact ? text : `bytes:${bytes.map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")}`;
}
