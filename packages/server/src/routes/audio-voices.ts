import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { toVoiceList, VoiceList } from "../openai/audio.js";
import { errorResponses, json } from "../openai/openapi-parts.js";
import type { AppEnv } from "../route-context.js";
import type { VoicePool } from "../voice-pool.js";

const route = createRoute({
  method: "get",
  path: "/v1/audio/voices",
  tags: ["Audio"],
  summary: "The voices that can be asked for",
  responses: { 200: json("All voices of this machine.", VoiceList), ...errorResponses() },
});

/** GET /v1/audio/voices */
export function audioVoices(app: OpenAPIHono<AppEnv>, voices: VoicePool): void {
  app.openAPIRegistry.registerPath(route);
  app.get(route.path, async (c) => c.json(toVoiceList(await voices.list())));
}
