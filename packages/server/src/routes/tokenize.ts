import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { Answering } from "../openai/answering.js";
import { readJson } from "../openai/json-body.js";
import { errorResponses, json, jsonBody } from "../openai/openapi-parts.js";
import { TokenizeRequest, TokenizeResponse, tokenizeText } from "../openai/tokens.js";
import type { AppEnv, RouteContext } from "../route-context.js";

const route = createRoute({
  method: "post",
  path: "/tokenize",
  tags: ["Tokens"],
  summary: "Text to token ids",
  request: { body: jsonBody(TokenizeRequest, { content: "Hello!" }) },
  responses: { 200: json("The text's token ids.", TokenizeResponse), ...errorResponses() },
});

/** POST /tokenize */
export function tokenize(app: OpenAPIHono<AppEnv>, context: RouteContext): void {
  app.openAPIRegistry.registerPath(route);
  app.post(route.path, async (c) => {
    const wire = await readJson(c, TokenizeRequest);
    const answering = new Answering(c, context, wire.model, "content");
    return c.json(await answering.whole((model) => tokenizeText(wire, model)));
  });
}
