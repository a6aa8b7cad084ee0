import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { ServerMetrics } from "../metrics.js";
import { errorResponses } from "../openai/openapi-parts.js";
import type { AppEnv } from "../route-context.js";

const route = createRoute({
  method: "get",
  path: "/metrics",
  tags: ["Server"],
  summary: "Counts and durations in Prometheus' text format",
  responses: {
    ...errorResponses(),
    200: { description: "The metrics.", content: { "text/plain": { schema: z.string() } } },
  },
});

export function metrics(app: OpenAPIHono<AppEnv>, source: ServerMetrics): void {
  app.openapi(route, async (c) => c.text(await source.text(), 200, { "content-type": source.contentType }));
}
