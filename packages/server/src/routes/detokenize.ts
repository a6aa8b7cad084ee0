import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { Answering } from "../openai/answering.js";
import { checkedIds } from "../openai/completion-request.js";
import { readJson } from "../openai/json-body.js";
import { errorResponses, json, jsonBody } from "../openai/openapi-parts.js";
import { DetokenizeRequest, DetokenizeResponse } from "../openai/tokens.js";
import type { AppEnv, RouteContext } from "../route-context.js";

const route = createRoute({
  method: "post",
  path: "/detokenize",
  tags: ["Tokens"],
  summary: "Token ids to text",
  request: { body: jsonBody(DetokenizeRequest, { tokens: [9, 10] }) },
  responses: { 200: json("The text.", DetokenizeResponse), ...errorResponses() },
});

/** POST /detokenize */
export function detokenize(app: OpenAPIHono<AppEnv>, context: RouteContext): void {
  app.openAPIRegistry.registerPath(route);
  app.post(route.path, async (c) => {
    const wire = await readJson(c, DetokenizeRequest);
    const answering = new Answering(c, context, wire.model, "tokens");
    const content = await answering.whole((model) => model.detokenize(checkedIds(wire.tokens, model, "tokens")));
    return c.json({ content });
  });
}
