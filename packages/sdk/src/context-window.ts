import { IzwiError, type ChatMessage, type ChatRequest } from "@izwi/core";
import type { ChatBackend } from "./backends/backend.js";
import { invalid } from "./errors.js";
import { toChatMessage, turnsOf, type HistoryMessage, type Turn } from "./history.js";
import { summarize } from "./summary.js";

/** What an `overflow` function is told. */
export interface OverflowContext {
  /** The turns that were said before, oldest first. The newest question isn't among them: it is always sent. */
  turns: readonly Turn[];
  /** Most tokens that the context holds, if that is known. */
  limit: number | undefined;
  /** How many of them the prompt may have, so that there is room for an answer. */
  budget: number | undefined;
  /** The prompt's tokens if these turns were sent; undefined where the backend can't tell. */
  count(turns: readonly Turn[]): Promise<number | undefined>;
  signal: AbortSignal;
}

/**
 * What happens when a conversation outgrows the context:
 * - `error`: the send fails with `CONTEXT_OVERFLOW`.
 * - `slide`: the oldest turns aren't sent any more.
 * - `summarize`: likewise, but the model first writes a summary of them, which is sent in their place.
 * - a function: returns the turns that are to be sent.
 *
 * Turns are left out whole, a tool call never without its result, and the history keeps them all.
 */
export type Overflow =
  "error" | "slide" | "summarize" | ((context: OverflowContext) => readonly Turn[] | Promise<readonly Turn[]>);

/** What is kept of a window in a session's file. */
export interface WindowState {
  /** Messages at the history's beginning that aren't sent any more. */
  dropped: number;
  /** What stands for them. */
  summary?: string;
}

/** A request as far as it doesn't depend on what is left out. */
export interface WindowRequest {
  backend: ChatBackend;
  system: string | undefined;
  /** What was said before. */
  history: readonly HistoryMessage[];
  /** The newest question, and the steps of its answer so far: always sent. */
  current: readonly ChatMessage[];
  /** Everything of the request but its messages. */
  rest: Omit<ChatRequest, "messages">;
  signal: AbortSignal;
}

export interface Fitted {
  messages: ChatMessage[];
  /** History messages that were left out. */
  dropped: number;
  limit: number | undefined;
}

/** After sliding, the prompt has at most this part of its budget: each slide costs a prefill of all that is left. */
const LOW_WATER = 0.7;
/** More than the template adds around a message. */
const MESSAGE_TOKENS = 16;
/** More than the template adds for tools and the answer's beginning, the tools themselves aside. */
const TEMPLATE_TOKENS = 200;

/** Which part of a session's history the model sees. */
export class ContextWindow {
  readonly #overflow: Overflow;
  #dropped = 0;
  #summary: string | undefined;
  /** What the last answer left in the context, with the size of the conversation's text then. */
  #known: { tokens: number; bytes: number } | undefined;
  #tokensPerByte: number | undefined;

  constructor(overflow: Overflow = "error", state?: WindowState) {
    this.#overflow = overflow;
    if (state) this.restore(state);
  }

  get overflow(): Overflow {
    return this.#overflow;
  }

  get state(): WindowState {
    return { dropped: this.#dropped, ...(this.#summary !== undefined && { summary: this.#summary }) };
  }

  restore(state: WindowState): void {
    this.#dropped = state.dropped;
    this.#summary = state.summary;
    this.#known = undefined;
  }

  /** The history has changed other than by growing: it has `length` messages now. */
  cut(length: number): void {
    this.#known = undefined;
    if (length === 0) this.restore({ dropped: 0 });
    else this.#dropped = Math.min(this.#dropped, length);
  }

  /** Notes what an answer used, so that the next one needn't be counted. */
  note(request: WindowRequest, tokens: number): void {
    const bytes = bytesOf(this.#messages(request, this.#dropped), request.rest);
    this.#known = { tokens, bytes };
    this.#tokensPerByte = tokens / Math.max(1, bytes);
  }

  /** The messages to send. Counts tokens only where they may not fit. */
  async fit(request: WindowRequest): Promise<Fitted> {
    const limit = await request.backend.contextLength();
    if (this.#overflow !== "error" && limit !== undefined) {
      const budget = budgetOf(limit, request.rest.maxTokens);
      if (await this.#exceeds(request, budget)) {
        if (typeof this.#overflow === "function") return this.#byFunction(request, limit, budget);
        await this.#slide(request, budget);
      }
    }
    return { messages: this.#messages(request, this.#dropped), dropped: this.#dropped, limit };
  }

  /** The messages that the next question would come after. */
  sent(system: string | undefined, history: readonly HistoryMessage[]): ChatMessage[] {
    return this.#messages({ system, history, current: [] }, this.#dropped);
  }

  /**
   * The backend said that the prompt doesn't fit, although its size wasn't known: leaves half of what is there out.
   *
   * @returns false if that is impossible or not wanted
   */
  shrink(request: WindowRequest): boolean {
    if (this.#overflow === "error" || typeof this.#overflow === "function") return false;
    const turns = turnsOf(request.history.slice(this.#dropped));
    if (turns.length === 0) return false;
    this.#dropped += turns.slice(0, Math.ceil(turns.length / 2)).flat().length;
    this.#known = undefined;
    return true;
  }

  async #slide(request: WindowRequest, budget: number): Promise<void> {
    const turns = turnsOf(request.history.slice(this.#dropped));
    const target = Math.floor(budget * LOW_WATER);
    let leaving = 0;
    let dropped = this.#dropped;
    for (; leaving < turns.length; leaving++) {
      const tokens = await this.#count(request, dropped);
      if (tokens === undefined || tokens <= target) break;
      dropped += turns[leaving]!.length;
    }
    const left = turns.slice(0, leaving);
    if (this.#overflow === "summarize" && left.length > 0) {
      this.#summary = await summarize(request.backend, this.#summary, left, budget, request.signal);
    }
    this.#dropped = dropped;
    this.#known = undefined;
  }

  async #byFunction(request: WindowRequest, limit: number, budget: number): Promise<Fitted> {
    const { backend, history, signal } = request;
    const wholes = turnsOf(history);
    const messagesFor = (turns: readonly Turn[]) => {
      if (!Array.isArray(turns)) throw invalid("What overflow returns", "an array of turns", turns);
      return this.#messages({ ...request, history: turns.flat() }, 0);
    };
    const count = (turns: readonly Turn[]) => backend.countTokens({ ...request.rest, messages: messagesFor(turns) });
    const chosen = await (this.#overflow as Exclude<Overflow, string>)({
      turns: structuredClone(wholes),
      limit,
      budget,
      count,
      signal,
    });
    const messages = messagesFor(chosen);
    if (chosen.some((turn) => !isWhole(turn))) {
      throw new IzwiError("INVALID_REQUEST", "overflow returned a turn with a tool call but without its result.");
    }
    return { messages, dropped: Math.max(0, history.length - chosen.flat().length), limit };
  }

  /** Whether the prompt is longer than the budget. The bounds are safe, and spare the counting almost always. */
  async #exceeds(request: WindowRequest, budget: number): Promise<boolean> {
    const messages = this.#messages(request, this.#dropped);
    const bytes = bytesOf(messages, request.rest);
    const atMost = bytes + messages.length * MESSAGE_TOKENS + TEMPLATE_TOKENS;
    if (atMost <= budget) return false;
    if (this.#known && bytes >= this.#known.bytes) {
      const grown = this.#known.tokens + (bytes - this.#known.bytes) + 2 * MESSAGE_TOKENS + TEMPLATE_TOKENS;
      if (grown <= budget) return false;
    }
    const tokens = await this.#count(request, this.#dropped);
    return tokens !== undefined && tokens > budget;
  }

  /** Where the backend can't count, as many as this conversation's text has had so far for its size. */
  async #count(request: WindowRequest, dropped: number): Promise<number | undefined> {
    const messages = this.#messages(request, dropped);
    const tokens = await request.backend.countTokens({ ...request.rest, messages });
    if (tokens !== undefined || this.#tokensPerByte === undefined) return tokens;
    return Math.ceil(bytesOf(messages, request.rest) * this.#tokensPerByte);
  }

  #messages(
    { system, history, current }: Pick<WindowRequest, "system" | "history" | "current">,
    dropped: number,
  ): ChatMessage[] {
    const parts = [system, this.#summary && `Earlier in this conversation:\n${this.#summary}`].filter(Boolean);
    const messages: ChatMessage[] = parts.length > 0 ? [{ role: "system", content: parts.join("\n\n") }] : [];
    return [...messages, ...history.slice(dropped).map(toChatMessage), ...current];
  }
}

/** What the prompt may have of the context: the rest is for the answer. */
function budgetOf(limit: number, maxTokens: number | undefined): number {
  const reserve = Math.min(maxTokens ?? 1024, Math.floor(limit / (maxTokens === undefined ? 4 : 2)));
  return limit - reserve;
}

/** Byte-level BPE never has more tokens than the text has bytes. */
function bytesOf(messages: readonly ChatMessage[], { tools }: Omit<ChatRequest, "messages">): number {
  let bytes = tools === undefined ? 0 : Buffer.byteLength(JSON.stringify(tools)) * 2;
  for (const message of messages) {
    bytes += Buffer.byteLength(message.content);
    if (message.role !== "assistant") continue;
    bytes += Buffer.byteLength(message.reasoningContent ?? "");
    for (const call of message.toolCalls ?? []) bytes += Buffer.byteLength(call.name + call.arguments) + MESSAGE_TOKENS;
  }
  return bytes;
}

function isWhole(turn: Turn): boolean {
  const calls = turn.flatMap((message) => (message.role === "assistant" ? (message.toolCalls ?? []) : []));
  const results = turn.filter((message) => message.role === "tool");
  return calls.length === results.length;
}
