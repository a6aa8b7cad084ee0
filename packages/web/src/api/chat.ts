import type { Message } from "../conversation/message.js";
import type { ChatSettings } from "../conversation/settings.js";
import { streamAnswer, type AnswerEvent } from "./answer-stream.js";
import { call } from "./http.js";

/** A conversation that waits for its next answer. */
export interface ChatRequest {
  /** Undefined leaves the choice to the server. */
  model: string | undefined;
  system: string;
  messages: readonly Message[];
  settings: ChatSettings;
}

/** What there is of an answer already, when the model is to go on from there. */
export interface Begun {
  reasoning: string;
  content: string;
}

/** Asks for an answer. */
export function streamChat(request: ChatRequest, signal: AbortSignal): AsyncGenerator<AnswerEvent> {
  const body = { ...promptOf(request), ...samplingOf(request.settings), ...thinkingOf(request.settings) };
  return streamAnswer("/v1/chat/completions", body, signal);
}

/**
 * Lets the model go on with an answer that it began: what it thought so far is closed as a whole thought, so that the
 * answer itself follows. Thoughts and text that it has are in the prompt, not in the events.
 */
export async function* streamContinuation(
  request: ChatRequest,
  begun: Begun,
  signal: AbortSignal,
): AsyncGenerator<AnswerEvent> {
  const body = {
    ...modelOf(request),
    ...samplingOf(request.settings),
    max_tokens: request.settings.maxTokens ?? CONTINUATION_TOKENS,
    prompt: await promptText(request, begun, signal),
  };
  yield* streamAnswer("/v1/completions", body, signal);
}

/** How many tokens a request's prompt has, with what there is of its answer, and how many fit the model's context. */
export async function countTokens(
  request: ChatRequest,
  begun: Begun | undefined,
  signal: AbortSignal,
): Promise<{ tokens: number; limit: number }> {
  const content = await promptText(request, begun, signal);
  const response = await call("/tokenize", { body: { ...modelOf(request), content }, signal });
  const { count, max_model_len: limit } = (await response.json()) as { count: number; max_model_len: number };
  return { tokens: count, limit };
}

async function promptText(request: ChatRequest, begun: Begun | undefined, signal: AbortSignal): Promise<string> {
  const { reasoning = "", content = "" } = begun ?? {};
  const thinks = begun === undefined ? thinkingOf(request.settings) : { enable_thinking: reasoning !== "" };
  const response = await call("/apply-template", { body: { ...promptOf(request), ...thinks }, signal });
  const { prompt } = (await response.json()) as { prompt: string };
  const thought = reasoning === "" ? "" : `<think>\n${reasoning.trim()}\n</think>\n\n`;
  return `${prompt}${thought}${content}`;
}

/** The endpoint's own default is 16. */
const CONTINUATION_TOKENS = 4096;

function modelOf({ model }: ChatRequest): object {
  return model === undefined ? {} : { model };
}

function promptOf(request: ChatRequest): object {
  const { system, messages, settings } = request;
  const used = settings.memory === false ? messages.slice(-1) : messages;
  return {
    ...modelOf(request),
    messages: [...(system.trim() === "" ? [] : [{ role: "system", content: system }]), ...used.map(toWire)],
  };
}

function toWire(message: Message): object {
  const { role, content, toolCalls, toolCallId } = message;
  if (role === "tool") return { role, content, tool_call_id: toolCallId };
  if (role === "assistant" && toolCalls !== undefined) {
    const calls = toolCalls.map(({ id, name, arguments: args }) => ({
      id,
      type: "function",
      function: { name, arguments: args },
    }));
    return { role, content, tool_calls: calls };
  }
  return { role, content };
}

function thinkingOf({ thinking }: ChatSettings): object {
  if (typeof thinking === "object") return { enable_thinking: true, thinking_budget: thinking.budget };
  return { enable_thinking: thinking === true };
}

function samplingOf(settings: ChatSettings): object {
  const wire = {
    temperature: settings.temperature,
    top_p: settings.topP,
    top_k: settings.topK,
    min_p: settings.minP,
    repetition_penalty: settings.repetitionPenalty,
    presence_penalty: settings.presencePenalty,
    frequency_penalty: settings.frequencyPenalty,
    max_tokens: settings.maxTokens,
    seed: settings.seed,
    stop: settings.stop,
    logit_bias: settings.logitBias,
  };
  return Object.fromEntries(Object.entries(wire).filter(([, value]) => value !== undefined));
}
