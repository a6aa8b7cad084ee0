import { signal, type Signal } from "@preact/signals";
import { streamChat, streamContinuation, type Begun, type ChatRequest } from "../api/chat.js";
import type { AnswerEvent } from "../api/answer-stream.js";
import { ApiFailure } from "../api/http.js";
import type { Conversation } from "../conversation/conversation.js";
import type { Message, Usage } from "../conversation/message.js";
import { pathTo, type Messages } from "../conversation/tree.js";
import type { ContextWindow } from "../conversation/window.js";
import { noteFailure } from "./connection.js";
import { fit, isOverflow, windowed } from "./context-window.js";
import { storeProgress } from "./library.js";
import { defaultModel, modelById, refreshModels, refreshSoon } from "./models.js";
import { announcement } from "./notices.js";
import { change, chat, currentOf, messages as shownMessages } from "./open-chat.js";

export type Phase = "loading" | "summarizing" | "waiting" | "thinking" | "writing";

/** What there is of an answer while it comes. */
export interface Progress {
  phase: Phase;
  content: string;
  reasoning: string;
  /** How long the thinking took, so far. */
  reasoningMs: number;
}

/** An answer that is being written. */
export interface LiveAnswer {
  readonly messageId: string;
  /** Who answers; the server's choice if undefined. */
  readonly model: string | undefined;
  readonly progress: Signal<Progress>;
  /** Ends it; what came stays. */
  stop(): void;
  /** Ends the thinking: the answer follows from what was thought so far. */
  answerNow(): void;
}

/** The answers under way, by conversation; each has at most one. */
export const liveAnswers = signal<ReadonlyMap<string, LiveAnswer>>(new Map());

const PROGRESS_STORED_MS = 1000;
const ANSWER_NOW = Symbol("answer now");

/**
 * Lets the model write into `target`, a message of the conversation that is shown already. What the message has of
 * thoughts and text is continued.
 *
 * @param overflow what to do this time if the conversation is too long; by default what its settings say
 */
export async function writeAnswer(
  conversation: Conversation,
  messages: Messages,
  target: Message,
  overflow = conversation.settings.overflow,
): Promise<void> {
  const model = conversation.model ?? defaultModel.peek()?.id;
  const writing = new Writing(target, model, modelById(model)?.status === "ready" ? "waiting" : "loading");
  if (writing.loaded) refreshSoon();
  setLive(conversation.id, writing);
  announcement.value = "The answer is being written.";
  const request: ChatRequest = {
    model,
    system: conversation.system,
    messages: pathTo(messages, target.parentId),
    settings: { ...conversation.settings, ...(overflow && { overflow }) },
  };
  const result = await writing.run(request, conversation.window);
  setLive(conversation.id, undefined);
  const now = stillThere(target) ? currentOf(conversation.id) : undefined;
  const { window } = writing;
  const changes = { updatedAt: Date.now(), ...(window && window !== conversation.window && { window }) };
  if (now) await change(now, changes, [{ ...result, ...(model !== undefined && { model }) }]);
  announcement.value = result.error === undefined ? `Answer: ${result.content}` : `No answer: ${result.error}`;
  if (writing.loaded) void refreshModels();
}

/** A conversation that was deleted or cleared meanwhile isn't brought back by its answer. */
function stillThere({ conversationId, id }: Message): boolean {
  return chat.peek().id !== conversationId || shownMessages.peek().has(id);
}

function setLive(conversationId: string, live: LiveAnswer | undefined): void {
  const all = new Map(liveAnswers.peek());
  if (live) all.set(conversationId, live);
  else all.delete(conversationId);
  liveAnswers.value = all;
}

class Writing implements LiveAnswer {
  readonly messageId: string;
  readonly model: string | undefined;
  readonly progress: Signal<Progress>;
  readonly loaded: boolean;
  /** What the model was sent of the conversation. */
  window: ContextWindow | undefined;
  readonly #target: Message;
  #content: string;
  #reasoning: string;
  #usage: Usage | undefined;
  #aborter = new AbortController();
  #drawing = false;
  #storedAt = Date.now();
  #thinkingSince: number | undefined;
  #reasoningMs: number;

  constructor(target: Message, model: string | undefined, phase: Phase) {
    this.messageId = target.id;
    this.model = model;
    this.#target = target;
    this.#content = target.content;
    this.#reasoning = target.reasoning ?? "";
    this.#usage = target.usage;
    this.#reasoningMs = target.reasoningMs ?? 0;
    this.loaded = phase === "loading";
    this.progress = signal(this.#progress(phase));
  }

  stop(): void {
    this.#aborter.abort();
  }

  answerNow(): void {
    if (this.#reasoning !== "" && this.#content === "") this.#aborter.abort(ANSWER_NOW);
  }

  /** Writes to the end, whatever that is, and returns the message. */
  async run(request: ChatRequest, window: ContextWindow | undefined): Promise<Message> {
    this.window = window;
    const begun = (): Begun => ({ reasoning: this.#reasoning, content: this.#content });
    let goOn = this.#content !== "" || this.#reasoning !== "";
    for (;;) {
      const { signal } = this.#aborter;
      try {
        this.window = await fit(request, this.window, {
          begun: goOn ? begun() : undefined,
          signal,
          onSummarize: () => (this.progress.value = this.#progress("summarizing")),
        });
        const sent = windowed(request, this.window);
        const events = goOn ? streamContinuation(sent, begun(), signal) : streamChat(sent, signal);
        const { finishReason, usage } = await this.#take(events);
        this.#count(usage);
        return this.#message({ end: finishReason });
      } catch (error) {
        if (signal.reason === ANSWER_NOW) {
          this.#endThinking();
          this.#aborter = new AbortController();
          goOn = true;
          continue;
        }
        if (signal.aborted) return this.#message({ end: "stopped" });
        noteFailure(error);
        return this.#message({
          end: "interrupted",
          error: describe(error),
          ...(isOverflow(error) && { overflow: true }),
        });
      }
    }
  }

  async #take(events: AsyncGenerator<AnswerEvent>): Promise<Extract<AnswerEvent, { type: "end" }>> {
    for await (const event of events) {
      if (event.type === "end") return event;
      if (event.type === "reasoning-delta") {
        this.#thinkingSince ??= performance.now();
        this.#reasoning += event.text;
      } else {
        this.#endThinking();
        this.#content += event.text;
      }
      this.#draw();
    }
    throw new ApiFailure("interrupted", "The answer has no end.");
  }

  #endThinking(): void {
    if (this.#thinkingSince !== undefined) this.#reasoningMs += performance.now() - this.#thinkingSince;
    this.#thinkingSince = undefined;
  }

  /** Shows what came since the last frame: an answer may come faster than a screen can show it. */
  #draw(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    nextFrame(() => {
      this.#drawing = false;
      const phase = this.#content === "" && this.#reasoning !== "" ? "thinking" : "writing";
      this.progress.value = this.#progress(phase);
      if (Date.now() - this.#storedAt < PROGRESS_STORED_MS) return;
      this.#storedAt = Date.now();
      void storeProgress(this.#message({}));
    });
  }

  #progress(phase: Phase): Progress {
    return { phase, content: this.#content, reasoning: this.#reasoning, reasoningMs: this.#reasoningMs };
  }

  #count(usage: Usage | undefined): void {
    const before = this.#usage;
    if (usage === undefined || before === undefined) {
      this.#usage = usage ?? before;
      return;
    }
    const { firstTokenMs = usage.firstTokenMs } = before;
    this.#usage = {
      ...usage,
      promptTokens: before.promptTokens,
      // What was written before is a part of the prompt now.
      answerTokens: usage.promptTokens + usage.answerTokens - before.promptTokens,
      ...(firstTokenMs !== undefined && { firstTokenMs }),
    };
  }

  #message(ending: Pick<Message, "end" | "error" | "overflow">): Message {
    if (ending.end !== undefined) this.#endThinking();
    const { end: _end, error: _error, overflow: _overflow, ...target } = this.#target;
    return {
      ...target,
      content: this.#content,
      ...(this.#reasoning !== "" && { reasoning: this.#reasoning, reasoningMs: Math.round(this.#reasoningMs) }),
      ...(this.#usage && { usage: this.#usage }),
      ...ending,
    };
  }
}

/** A hidden page gets no frames, and its answers must go on. */
function nextFrame(draw: () => void): void {
  if (document.hidden) setTimeout(draw, 100);
  else requestAnimationFrame(draw);
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : "Something went wrong.";
}
