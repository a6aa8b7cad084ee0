import type { ChatRequest } from "@izwi/core";
import type { z } from "@hono/zod-openapi";
import type { Limits } from "../route-context.js";
import { REFUSED_FIELDS, type ChatCompletionRequest, type promptFields } from "./chat-schema.js";
import { badParameter } from "./errors.js";
import { toChatMessage } from "./messages.js";
import { responseFormatOf } from "./response-format.js";
import { maxTokensOf, samplingSettings } from "./sampling.js";
import { templateKwargsOf, thinkingOf } from "./thinking.js";
import { toolSettings } from "./tools.js";

type PromptFields = z.output<z.ZodObject<typeof promptFields>>;

/** The conversation, its tools and the way of thinking: all that the prompt is made of. */
export function toPrompt(wire: PromptFields, limits: Limits): ChatRequest {
  checkMessageCount(wire.messages.length, limits, "messages");
  const request: ChatRequest = { messages: wire.messages.map(toChatMessage), ...toolSettings(wire) };
  const thinking = thinkingOf(wire);
  if (thinking !== undefined) request.thinking = thinking;
  const templateKwargs = templateKwargsOf(wire);
  if (templateKwargs !== undefined) request.templateKwargs = templateKwargs;
  return request;
}

/** A chat completion's body in core's words. Throws an ApiError for values that can't be served. */
export function toChatRequest(wire: ChatCompletionRequest, limits: Limits): ChatRequest {
  for (const [field, message] of Object.entries(REFUSED_FIELDS) as [keyof typeof REFUSED_FIELDS, string][]) {
    if (wire[field] != null) throw badParameter(field, message, "unsupported_parameter");
  }
  const request: ChatRequest = { ...toPrompt(wire, limits), ...samplingSettings(wire) };
  const limitField = wire.max_completion_tokens == null ? "max_tokens" : "max_completion_tokens";
  request.maxTokens = maxTokensOf(wire[limitField], limits.completionTokens, limitField);
  const responseFormat = responseFormatOf(wire.response_format);
  if (responseFormat !== undefined) request.responseFormat = responseFormat;
  if (wire.logprobs) request.logprobs = wire.top_logprobs ?? 0;
  else if (wire.top_logprobs) throw badParameter("top_logprobs", "top_logprobs needs logprobs to be true.");
  return request;
}

/** How many answers are wanted. */
export function numChoicesOf(n: number | null | undefined, limits: Limits): number {
  const choices = n ?? 1;
  if (choices > limits.choices) {
    throw badParameter("n", `n is ${choices}, but this server gives at most ${limits.choices} answers to a request.`);
  }
  return choices;
}

export function checkMessageCount(count: number, limits: Limits, param: string): void {
  if (count <= limits.messages) return;
  throw badParameter(param, `${param} has ${count} messages, but this server takes at most ${limits.messages}.`);
}
