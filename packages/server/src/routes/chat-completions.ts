import { createRoute, type OpenAPIHono, type z } from "@hono/zod-openapi";
import type { ChatRequest } from "@izwi/core";
import { Answering } from "../openai/answering.js";
import { chatChunks, toChatCompletion, type AnswerOptions } from "../openai/chat-answer.js";
import { numChoicesOf, toChatRequest } from "../openai/chat-request.js";
import { ChatCompletion, ChatCompletionChunk, ChatCompletionRequest } from "../openai/chat-schema.js";
import { DONE } from "../openai/event-stream.js";
import { interleave } from "../openai/interleave.js";
import { readJson } from "../openai/json-body.js";
import { errorResponses, jsonBody, jsonOrStream } from "../openai/openapi-parts.js";
import { MOST_AT_ONCE, settingsOfChoice } from "../openai/sampling.js";
import type { ServedModel } from "../model-source.js";
import type { AppEnv, RouteContext } from "../route-context.js";

const EXAMPLE: z.input<typeof ChatCompletionRequest> = {
  messages: [
    { role: "system", content: "You are a helpful assistant." },
    { role: "user", content: "Hello!" },
  ],
  temperature: 0.7,
  max_tokens: 1000,
};

const route = createRoute({
  method: "post",
  path: "/v1/chat/completions",
  tags: ["Chat"],
  summary: "Answer a conversation",
  request: { body: jsonBody(ChatCompletionRequest, EXAMPLE) },
  responses: { 200: jsonOrStream("The answer.", ChatCompletion, "ChatCompletionChunk"), ...errorResponses() },
});

/** POST /v1/chat/completions */
export function chatCompletions(app: OpenAPIHono<AppEnv>, context: RouteContext): void {
  app.openAPIRegistry.register("ChatCompletionChunk", ChatCompletionChunk);
  app.openAPIRegistry.registerPath(route);
  app.post(route.path, async (c) => {
    const wire = await readJson(c, ChatCompletionRequest);
    const request = toChatRequest(wire, context.limits);
    const numChoices = numChoicesOf(wire.n, context.limits);
    const answering = new Answering(c, context, wire.model, "messages");
    const optionsFor = (model: ServedModel): AnswerOptions => ({
      model: answering.name,
      info: model.info,
      numChoices,
      logprobs: wire.logprobs === true,
    });
    if (!wire.stream) {
      return c.json(
        await answering.whole((model) =>
          toChatCompletion(answers(answering, model, request, numChoices), optionsFor(model)),
        ),
      );
    }
    const includeUsage = wire.stream_options?.include_usage === true;
    return answering.streamed(
      (model) => chatChunks(answers(answering, model, request, numChoices), { ...optionsFor(model), includeUsage }),
      { last: [DONE] },
    );
  });
}

/** The events of all answers to the request, as they come. */
function answers(answering: Answering, model: ServedModel, request: ChatRequest, numChoices: number) {
  const sources = Array.from({ length: numChoices }, (_, index) => () => {
    const events = model.chat(
      { ...answering.client, ...settingsOfChoice(request, index) },
      { signal: answering.signal },
    );
    return answering.observe(events);
  });
  return interleave(sources, MOST_AT_ONCE);
}
