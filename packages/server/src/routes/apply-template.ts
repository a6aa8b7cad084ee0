import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { Answering } from "../openai/answering.js";
import { toPrompt } from "../openai/chat-request.js";
import { readJson } from "../openai/json-body.js";
import { errorResponses, json, jsonBody } from "../openai/openapi-parts.js";
import { ApplyTemplateRequest, ApplyTemplateResponse } from "../openai/tokens.js";
import type { AppEnv, RouteContext } from "../route-context.js";

const route = createRoute({
  method: "post",
  path: "/apply-template",
  tags: ["Tokens"],
  summary: "The prompt that a conversation becomes",
  request: { body: jsonBody(ApplyTemplateRequest, { messages: [{ role: "user", content: "Hello!" }] }) },
  responses: { 200: json("The prompt.", ApplyTemplateResponse), ...errorResponses() },
});

/** POST /apply-template */
export function applyTemplate(app: OpenAPIHono<AppEnv>, context: RouteContext): void {
  app.openAPIRegistry.registerPath(route);
  app.post(route.path, async (c) => {
    const wire = await readJson(c, ApplyTemplateRequest);
    const request = toPrompt(wire, context.limits);
    const answering = new Answering(c, context, wire.model, "messages");
    return c.json({ prompt: await answering.whole((model) => model.applyTemplate(request)) });
  });
}
