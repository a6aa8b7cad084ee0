import type { AssistantMessage, ChatMessage, ChatRequest, ResponseFormat, ToolCall, ToolChoice } from "@izwi/core";
import { abortable } from "./abort.js";
import { Answer, readAnswer } from "./answer.js";
import type { BackendStream, ChatBackend } from "./backends/backend.js";
import type { ContextWindow, Fitted, WindowRequest } from "./context-window.js";
import { hasCode, isAborted } from "./errors.js";
import { toChatMessage, type AnswerMessage, type HistoryMessage } from "./history.js";
import { addStep, NO_TIMINGS, NO_USAGE, type Reply, type ReplyEvent, type ToolRun } from "./reply.js";
import { answerSettings, DEFAULT_MAX_STEPS, type TurnSettings } from "./settings.js";
import { parseArguments, runTool, toCoreTools } from "./tools.js";
import type { TypedResult } from "./typed-result.js";

/** What a reader of the answer may ask for while it comes. */
export interface TurnControl {
  /** The answer was left: its part so far is kept. */
  left: boolean;
  thinkingEnded: boolean;
  /** The model's answer of this moment. */
  stream: BackendStream | undefined;
}

/** One question of a session, with all that its answer depends on. */
export interface TurnRequest {
  backend: ChatBackend;
  window: ContextWindow;
  system: string | undefined;
  history: readonly HistoryMessage[];
  question: string;
  settings: TurnSettings;
  toolChoice: ToolChoice | undefined;
  responseFormat: ResponseFormat | undefined;
  /** Given when a value is asked for rather than a text. */
  typed: TypedResult | undefined;
  /** Number of the first tool call's id. */
  firstCall: number;
  signal: AbortSignal;
  control: TurnControl;
  /** Runs a tool, knowing that what it does happens within this turn. */
  within<T>(work: () => Promise<T>): Promise<T>;
  write(event: ReplyEvent): void;
}

export interface TurnResult {
  /** What the turn adds to the history; empty when it was left before anything had come. */
  messages: HistoryMessage[];
  reply: Reply;
  value: unknown;
}

/** What one step asks of the model. */
interface Step {
  toolChoice: ToolChoice | undefined;
  format: ResponseFormat | undefined;
  maxTokens: number | undefined;
  /** The text is for nobody's eyes: a typed answer comes after it. */
  silent: boolean;
}

/** Asks the model, runs the tools that it calls, and asks again, until it has answered. */
export async function runTurn(request: TurnRequest): Promise<TurnResult> {
  const turn = new RunningTurn(request);
  try {
    return await turn.run();
  } catch (error) {
    if (request.control.left && isAborted(error)) return turn.leave();
    throw error;
  }
}

class RunningTurn {
  readonly #request: TurnRequest;
  readonly #tools: ReturnType<typeof toCoreTools>;
  readonly #maxSteps: number;
  /** The question, and all whole steps of its answer. */
  readonly #messages: HistoryMessage[];
  /** The model's request to do better, after an answer that didn't fit the schema: not kept. */
  #correction: ChatMessage[] = [];
  #answer = new Answer();
  #texts: string[] = [];
  #reasoning = "";
  #toolRuns: ToolRun[] = [];
  #steps = 0;
  #counts: Pick<Reply, "usage" | "timings"> = { usage: NO_USAGE, timings: NO_TIMINGS };
  #context: Reply["context"] = { used: 0, limit: undefined, dropped: 0 };

  constructor(request: TurnRequest) {
    this.#request = request;
    this.#tools = toCoreTools(request.settings.tools ?? {});
    this.#maxSteps = request.settings.maxSteps ?? DEFAULT_MAX_STEPS;
    this.#messages = [{ role: "user", content: request.question }];
  }

  async run(): Promise<TurnResult> {
    const { typed, toolChoice, settings, responseFormat } = this.#request;
    // A typed answer to a question with tools takes a step of its own: the tools are called in free text.
    let tooling = this.#tools.length > 0 && toolChoice !== "none" && this.#maxSteps > 1;
    for (let step = 1; tooling; step++) {
      const last = step >= this.#maxSteps;
      const choice = last ? "none" : step === 1 ? toolChoice : "auto";
      if (last && typed) break;
      const format = typed === undefined ? responseFormat : undefined;
      await this.#ask({ toolChoice: choice, format, maxTokens: settings.maxTokens, silent: typed !== undefined });
      tooling = this.#answer.toolCalls.length > 0;
      if (tooling) await this.#runTools();
      else if (!typed) return this.#done(this.#answer.text);
    }
    const noTools = this.#tools.length > 0 ? ("none" as const) : undefined;
    if (typed) return this.#done(await this.#askTyped(typed, noTools));
    await this.#ask({ toolChoice: noTools, format: responseFormat, maxTokens: settings.maxTokens, silent: false });
    return this.#done(this.#answer.text);
  }

  /** What is kept of a turn that was left: its whole steps, and the words of the one that wasn't. */
  leave(): TurnResult {
    const { text } = this.#answer;
    const whole = this.#messages.length > 1;
    const kept: HistoryMessage[] = whole || text.trim() !== "" ? [...this.#messages] : [];
    if (kept.length > 0) kept.push({ role: "assistant", content: text, truncated: true });
    return { messages: kept, reply: this.#reply("left", [...this.#texts, text]), value: undefined };
  }

  async #askTyped(typed: TypedResult, toolChoice: ToolChoice | undefined): Promise<unknown> {
    let maxTokens = this.#request.settings.maxTokens ?? typedTokens(this.#request.settings);
    for (let attempt = 1; ; attempt++) {
      await this.#ask({ toolChoice, format: typed.format, maxTokens, silent: false });
      const judged = await typed.judge(this.#answer.text, this.#answer.end.finishReason, attempt, maxTokens);
      if (judged.ok) return judged.value;
      this.#correction = judged.correction;
      maxTokens = judged.maxTokens ?? maxTokens;
      this.#texts = [];
    }
  }

  /** One step. Throws what the model failed with; an answer that came is in `#answer`. */
  async #ask(step: Step): Promise<void> {
    const { backend, window, system, history, signal, control } = this.#request;
    const current = this.#current(step);
    const request: WindowRequest = { backend, system, history, current, rest: this.#rest(step), signal };
    this.#answer = new Answer();
    this.#steps += 1;
    for (;;) {
      const fitted = await window.fit(request);
      try {
        control.stream = backend.chat({ ...request.rest, messages: fitted.messages }, { signal });
        await this.#read(control.stream, step.silent);
        this.#count(fitted, request);
        return;
      } catch (error) {
        const retry = hasCode(error, "CONTEXT_OVERFLOW") && this.#answer.isEmpty && window.shrink(request);
        if (!retry) throw error;
      } finally {
        control.stream = undefined;
      }
    }
  }

  /** The question as the model reads it: with the schema's hints, where it has any. They aren't kept in the history. */
  #current({ format }: Step): ChatMessage[] {
    const { typed, question } = this.#request;
    const [, ...answers] = this.#messages.map(toChatMessage);
    const hint = typed !== undefined && format === typed.format ? typed.hint : undefined;
    const content = hint === undefined ? question : `${question}${PARAGRAPH}${hint}`;
    return [{ role: "user", content }, ...answers, ...this.#correction];
  }

  #rest({ toolChoice, format, maxTokens }: Step): Omit<ChatRequest, "messages"> {
    const { settings, control } = this.#request;
    const rest: Omit<ChatRequest, "messages"> = answerSettings(settings);
    rest.thinking = control.thinkingEnded ? false : (settings.thinking ?? false);
    if (maxTokens !== undefined) rest.maxTokens = maxTokens;
    if (this.#tools.length > 0) rest.tools = this.#tools;
    if (toolChoice !== undefined && this.#tools.length > 0) rest.toolChoice = toolChoice;
    if (format !== undefined) rest.responseFormat = format;
    return rest;
  }

  async #read(stream: BackendStream, silent: boolean): Promise<void> {
    const { write, control } = this.#request;
    for await (const event of readAnswer(stream, this.#answer)) {
      if (event.type === "reasoning-delta") {
        this.#reasoning += event.text;
        if (control.thinkingEnded) stream.endThinking();
      }
      if (event.type === "text-delta") {
        if (silent) continue;
        // Texts of several steps are joined as paragraphs, in the stream as in the reply.
        const first = this.#answer.text === event.text;
        if (first && this.#texts.length > 0) write({ type: "text-delta", text: PARAGRAPH });
      }
      write(event);
    }
    if (!silent && this.#answer.text !== "") this.#texts.push(this.#answer.text);
  }

  #count(fitted: Fitted, request: WindowRequest): void {
    const { end } = this.#answer;
    this.#counts = addStep(this.#counts, end);
    const used = end.usage.promptTokens + end.usage.completionTokens;
    this.#context = { used, limit: fitted.limit, dropped: fitted.dropped };
    if (end.usage.promptTokens > 0) this.#request.window.note(request, used);
  }

  async #runTools(): Promise<void> {
    const { settings, signal, write, firstCall, within } = this.#request;
    const calls = this.#answer.toolCalls.map((call, index) => ({
      ...call,
      id: `call_${firstCall + this.#toolRuns.length + index}`,
    }));
    const message = this.#assistantMessage(calls);
    const runs = await Promise.all(
      calls.map(async (call) => {
        write({ type: "tool-call", id: call.id, name: call.name, arguments: parseArguments(call.arguments) });
        // A tool that doesn't heed the signal isn't waited for.
        const running = within(() => runTool(settings.tools!, call, signal, settings.onToolCall));
        const run = await abortable(running, signal);
        write({ type: "tool-result", ...run });
        return run;
      }),
    );
    this.#toolRuns.push(...runs);
    // Only now, so that a call never stands without its result.
    this.#messages.push(message, ...runs.map(toolMessage));
    this.#answer = new Answer();
  }

  #done(value: unknown): TurnResult {
    this.#messages.push(this.#assistantMessage());
    const texts = this.#request.typed ? [this.#answer.text] : this.#texts;
    const reply = this.#reply(this.#answer.end.finishReason, texts);
    const { typed } = this.#request;
    return { messages: this.#messages, reply, value: typed ? value : reply.text };
  }

  #assistantMessage(toolCalls?: ToolCall[]): AnswerMessage {
    const { text, reasoning } = this.#answer;
    const message: AssistantMessage = { role: "assistant", content: text };
    if (reasoning !== "") message.reasoningContent = reasoning;
    if (toolCalls !== undefined) message.toolCalls = toolCalls;
    return message;
  }

  #reply(finishReason: Reply["finishReason"], texts: string[]): Reply {
    return {
      text: texts.filter((text) => text !== "").join(PARAGRAPH),
      reasoning: this.#reasoning,
      toolRuns: this.#toolRuns,
      steps: this.#steps,
      finishReason,
      ...this.#counts,
      context: this.#context,
      model: this.#request.backend.model,
    };
  }
}

const PARAGRAPH = "\n\n";

/** A JSON that never ends, as small models write them, must not fill the whole context. */
const TYPED_TOKENS = 2048;
const THINKING_TOKENS = 8192;

function typedTokens({ thinking }: TurnSettings): number {
  if (!thinking) return TYPED_TOKENS;
  return TYPED_TOKENS + (thinking === true ? THINKING_TOKENS : thinking.budget);
}

function toolMessage({ id, name, result }: ToolRun): HistoryMessage {
  return { role: "tool", toolCallId: id, name, content: result };
}
