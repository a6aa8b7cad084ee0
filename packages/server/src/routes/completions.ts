import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { Answering } from "../openai/answering.js";
import { completionChunks, completionPieces, toCompletion } from "../openai/completion-answer.js";
import { numTexts, tokenizeAll, toCompletionPlan } from "../openai/completion-request.js";
import { Completion, CompletionRequest } from "../openai/completion-schema.js";
import { badParameter } from "../openai/errors.js";
import { DONE } from "../openai/event-stream.js";
import { readJson } from "../openai/json-body.js";
import { errorResponses, jsonBody, jsonOrStream } from "../openai/openapi-parts.js";
import type { ServedModel } from "../model-source.js";
import type { AppEnv, RouteContext } from "../route-context.js";

const route = createRoute({
  method: "post",
  path: "/v1/completions",
  tags: ["Completions"],
  summary: "Go on from a text",
  request: { body: jsonBody(CompletionRequest, { prompt: "Once upon a time", max_tokens: 32 }) },
  responses: { 200: jsonOrStream("The text that follows.", Completion, "Completion"), ...errorResponses() },
});

/** POST /v1/completions */
export function completions(app: OpenAPIHono<AppEnv>, context: RouteContext): void {
  app.openAPIRegistry.registerPath(route);
  app.post(route.path, async (c) => {
    const wire = await readJson(c, CompletionRequest);
    const plan = toCompletionPlan(wire, context.limits);
    const numPrompts = numTexts(wire.prompt);
    if (numPrompts > context.limits.inputs) {
      throw badParameter("prompt", `prompt has ${numPrompts} texts, but this server takes ${context.limits.inputs}.`);
    }
    const answering = new Answering(c, context, wire.model, "prompt");
    const piecesBy = (model: ServedModel) =>
      completionPieces(answering, model, tokenizeAll(wire.prompt, model, "prompt", true), plan);
    const optionsFor = (model: ServedModel) => ({ model: answering.name, info: model.info, numPrompts, plan });
    if (!wire.stream) {
      return c.json(await answering.whole((model) => toCompletion(piecesBy(model), optionsFor(model))));
    }
    const includeUsage = wire.stream_options?.include_usage === true;
    return answering.streamed((model) => completionChunks(piecesBy(model), { ...optionsFor(model), includeUsage }), {
      last: [DONE],
    });
  });
}
