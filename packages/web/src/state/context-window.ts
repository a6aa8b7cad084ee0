import { countTokens, streamChat, type Begun, type ChatRequest } from "../api/chat.js";
import { ApiFailure } from "../api/http.js";
import { newId, type Message } from "../conversation/message.js";
import { budgetOf, mostTokens, numLeftOut, numToLeave, turnsOf, type ContextWindow } from "../conversation/window.js";
import { modelById } from "./models.js";

/** The request as it is sent: without what the window leaves out, but with what stands for that. */
export function windowed(request: ChatRequest, window: ContextWindow | undefined): ChatRequest {
  const numLeft = numLeftOut(request.messages, window);
  if (window === undefined || numLeft === 0) return request;
  const { summary } = window;
  const notes = summary === undefined ? [] : [`Earlier in this conversation:\n${summary}`];
  const system = [request.system.trim(), ...notes].filter((part) => part !== "").join("\n\n");
  return { ...request, system, messages: request.messages.slice(numLeft) };
}

export interface FitOptions {
  /** What there is of the answer. */
  begun: Begun | undefined;
  signal: AbortSignal;
  /** Called before a summary is written, which takes a while. */
  onSummarize: () => void;
}

/**
 * The window with which a request fits the context, by what its settings say for when it doesn't. With `error`, and for
 * a question that is too long by itself, nothing changes, and the server refuses.
 */
export async function fit(
  request: ChatRequest,
  window: ContextWindow | undefined,
  { begun, signal, onSummarize }: FitOptions,
): Promise<ContextWindow | undefined> {
  const { overflow = "error", memory, maxTokens } = request.settings;
  if (overflow === "error" || memory === false) return window;
  const sent = windowed(request, window);
  const known = modelById(request.model)?.contextLength;
  if (known !== undefined && mostTokens(textsOf(sent, begun)) <= budgetOf(known, maxTokens)) return window;

  const { tokens, limit } = await countTokens(sent, begun, signal);
  const budget = budgetOf(limit, maxTokens);
  if (tokens <= budget) return window;
  const turns = turnsOf(sent.messages);
  const leaving = (count: number): ContextWindow => ({ ...window, after: turns[count - 1]!.at(-1)!.id });
  const count = async (numLeft: number) =>
    (await countTokens(windowed(request, leaving(numLeft)), begun, signal)).tokens;
  const numLeft = await numToLeave(turns.length, budget, count);
  if (numLeft === 0) return window;
  if (overflow === "slide") return leaving(numLeft);
  onSummarize();
  const summary = await summarize(request, window?.summary, turns.slice(0, numLeft).flat(), budget, signal);
  return { ...leaving(numLeft), summary };
}

const INSTRUCTIONS =
  "You keep the notes of a conversation. Write down in short sentences what must not be forgotten: names, facts, " +
  "decisions, open questions. Write nothing else.";

/** Most tokens of a summary, where the context is large. */
const SUMMARY_TOKENS = 400;

/** The model's own notes of messages, and of the notes before; of what is too long to be read at once, the later part. */
async function summarize(
  request: ChatRequest,
  before: string | undefined,
  left: readonly Message[],
  budget: number,
  signal: AbortSignal,
): Promise<string> {
  let lines = left.map(({ role, content, toolName }) => `${speakerOf(role, toolName)}: ${content}`);
  const notes = before === undefined ? "" : `The notes so far:\n${before}\n\n`;
  for (;;) {
    const content = `${notes}What was said since:\n${lines.join("\n")}\n\nWrite the notes.`;
    const question: Message = {
      ...{ id: newId(), conversationId: "", parentId: null },
      ...{ role: "user", content, createdAt: 0 },
    };
    const settings = { temperature: 0, maxTokens: Math.min(SUMMARY_TOKENS, Math.floor(budget / 4)) };
    try {
      let text = "";
      const events = streamChat({ model: request.model, system: INSTRUCTIONS, messages: [question], settings }, signal);
      for await (const event of events) if (event.type === "text-delta") text += event.text;
      return text.trim() || (before ?? "");
    } catch (error) {
      if (!isOverflow(error) || lines.length < 2) throw error;
      lines = lines.slice(Math.ceil(lines.length / 4));
    }
  }
}

/** The server says that the prompt is longer than the context. */
export function isOverflow(error: unknown): boolean {
  return error instanceof ApiFailure && error.code === "context_length_exceeded";
}

function speakerOf(role: Message["role"], toolName: string | undefined): string {
  if (role === "tool") return `Result of ${toolName ?? "a tool"}`;
  return role === "user" ? "User" : "Assistant";
}

function textsOf({ system, messages }: ChatRequest, begun: Begun | undefined): string[] {
  const calls = messages.flatMap(({ toolCalls = [] }) => toolCalls.map((call) => call.name + call.arguments));
  return [system, ...messages.map(({ content }) => content), ...calls, begun?.reasoning ?? "", begun?.content ?? ""];
}
