import type { Message } from "./message.js";

/** What happens when a conversation outgrows the context, by the names of the SDK's sessions. */
export type Overflow = "error" | "slide" | "summarize";

export const OVERFLOWS: readonly Overflow[] = ["error", "slide", "summarize"];

/** Which part of a conversation's beginning the model isn't sent any more. */
export interface ContextWindow {
  /** The last message that isn't sent; on branches without it, all are. */
  after: string;
  /** What is sent in their place. */
  summary?: string;
}

/** After sliding, the prompt has at most this part of its budget: each slide costs a prefill of all that is left. */
const LOW_WATER = 0.7;
/** More than the template adds around a message, and for the answer's beginning. */
const MESSAGE_TOKENS = 16;
const TEMPLATE_TOKENS = 200;

/** How many of the path's messages aren't sent. */
export function numLeftOut(path: readonly Message[], window: ContextWindow | undefined): number {
  return window === undefined ? 0 : path.findIndex(({ id }) => id === window.after) + 1;
}

/** What the prompt may have of the context: the rest is for the answer. */
export function budgetOf(limit: number, maxTokens: number | undefined): number {
  const reserve = Math.min(maxTokens ?? 1024, Math.floor(limit / (maxTokens === undefined ? 4 : 2)));
  return limit - reserve;
}

/** A number of tokens that a prompt of these texts doesn't exceed: there are never more tokens than bytes. */
export function mostTokens(texts: readonly string[]): number {
  const encoder = new TextEncoder();
  const bytes = texts.reduce((sum, text) => sum + encoder.encode(text).length, 0);
  return bytes + texts.length * MESSAGE_TOKENS + TEMPLATE_TOKENS;
}

/** Questions, each with what followed it. Turns are left out whole, a tool call never without its result. */
export function turnsOf(messages: readonly Message[]): Message[][] {
  const turns: Message[][] = [];
  for (const message of messages) {
    const turn = turns.at(-1);
    if (message.role === "user" || turn === undefined) turns.push([message]);
    else turn.push(message);
  }
  return turns;
}

/**
 * How many of the oldest turns must be left out, so that there is room again for a while. The newest turn always stays,
 * even where it's too long by itself.
 *
 * @param count the prompt's tokens with so many turns left out
 */
export async function numToLeave(
  numTurns: number,
  budget: number,
  count: (numLeft: number) => Promise<number>,
): Promise<number> {
  let low = Math.min(1, numTurns - 1);
  let high = numTurns - 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((await count(middle)) <= budget * LOW_WATER) high = middle;
    else low = middle + 1;
  }
  return Math.max(0, low);
}
