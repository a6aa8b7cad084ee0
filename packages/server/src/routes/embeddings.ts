import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { Answering } from "../openai/answering.js";
import { numTexts, tokenizeAll } from "../openai/completion-request.js";
import { embedAll, EmbeddingList, EmbeddingRequest } from "../openai/embeddings.js";
import { badParameter } from "../openai/errors.js";
import { readJson } from "../openai/json-body.js";
import { errorResponses, json, jsonBody } from "../openai/openapi-parts.js";
import type { AppEnv, RouteContext } from "../route-context.js";

const route = createRoute({
  method: "post",
  path: "/v1/embeddings",
  tags: ["Embeddings"],
  summary: "Turn texts into vectors",
  request: { body: jsonBody(EmbeddingRequest, { input: ["Hello!", "Good morning!"] }) },
  responses: { 200: json("One vector for each text.", EmbeddingList), ...errorResponses() },
});

/** POST /v1/embeddings */
export function embeddings(app: OpenAPIHono<AppEnv>, context: RouteContext): void {
  app.openAPIRegistry.registerPath(route);
  app.post(route.path, async (c) => {
    const wire = await readJson(c, EmbeddingRequest);
    const { inputs } = context.limits;
    const count = numTexts(wire.input);
    if (count > inputs) throw badParameter("input", `input has ${count} texts, but this server takes ${inputs}.`);
    const answering = new Answering(c, context, wire.model, "input");
    const list = await answering.whole((model) => {
      const texts = tokenizeAll(wire.input, model, "input", false);
      return embedAll(model, texts, wire, answering.name, answering.signal);
    });
    return c.json(list);
  });
}
