/** What was said so far, and one more turn of it. The whole conversation is sent each time; the engine's prefix cache
 * makes that cheap. */
import type { ChatEvent, ChatMessage, EndEvent } from "@izwi/core";
import type { ChatModel } from "./core.js";
import { isAbort } from "./failure.js";
import type { Sampling } from "./number-options.js";

export interface ConversationOptions {
  system?: string;
  thinking: boolean;
  sampling: Sampling;
  stop: string[];
  /** What was said before. */
  exchanges?: readonly Exchange[];
}

export interface Exchange {
  user: string;
  assistant: string;
  /** The answer was stopped before its end. */
  truncated: boolean;
}

export interface Answer {
  content: string;
  reasoning: string;
  truncated: boolean;
  /** Missing when the answer was stopped. */
  end?: EndEvent;
}

export class Conversation {
  system: string | undefined;
  thinking: boolean;
  readonly sampling: Sampling;
  readonly stop: string[];
  readonly #model: Pick<ChatModel, "chat">;
  #exchanges: Exchange[] = [];
  /** Called when an exchange was kept; what it throws, `ask` throws. */
  onKept: (() => Promise<void>) | undefined;

  constructor(model: Pick<ChatModel, "chat">, options: ConversationOptions) {
    this.#model = model;
    this.system = options.system;
    this.thinking = options.thinking;
    this.sampling = { ...options.sampling };
    this.stop = options.stop;
    this.#exchanges = [...(options.exchanges ?? [])];
  }

  get exchanges(): readonly Exchange[] {
    return this.#exchanges;
  }

  /** Forgets what was said; the system prompt and the settings stay. */
  clear(): void {
    this.#exchanges = [];
  }

  /** Takes back the last exchange, to ask again. */
  removeLast(): Exchange | undefined {
    return this.#exchanges.pop();
  }

  /** Puts back what `removeLast` took, when asking again failed. */
  restore(exchange: Exchange): void {
    this.#exchanges.push(exchange);
  }

  /**
   * Asks, hands every event to `onEvent`, and keeps the exchange. Stopped by `signal`, the part that came is kept as
   * truncated; if nothing came, or it fails (then it throws), the conversation is as it was before.
   */
  async ask(user: string, signal: AbortSignal, onEvent: (event: ChatEvent) => void): Promise<Answer> {
    const answer: Answer = { content: "", reasoning: "", truncated: false };
    try {
      for await (const event of this.#model.chat(this.#request(user), { signal })) {
        if (event.type === "text-delta") answer.content += event.text;
        if (event.type === "reasoning-delta") answer.reasoning += event.text;
        if (event.type === "end") answer.end = event;
        onEvent(event);
      }
    } catch (error) {
      if (!signal.aborted || !isAbort(error)) throw error;
    }
    answer.truncated = answer.end === undefined;
    if (!answer.truncated || answer.content.trim() !== "") {
      this.#exchanges.push({ user, assistant: answer.content, truncated: answer.truncated });
      await this.onKept?.();
    }
    return answer;
  }

  #request(user: string) {
    const messages: ChatMessage[] = [];
    if (this.system !== undefined) messages.push({ role: "system", content: this.system });
    for (const exchange of this.#exchanges) {
      messages.push({ role: "user", content: exchange.user }, { role: "assistant", content: exchange.assistant });
    }
    messages.push({ role: "user", content: user });
    return {
      messages,
      thinking: this.thinking,
      ...this.sampling,
      ...(this.stop.length > 0 && { stop: this.stop }),
    };
  }
}
