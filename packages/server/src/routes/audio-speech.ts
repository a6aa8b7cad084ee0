import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { abortable } from "../abort.js";
import { CONTENT_TYPES, formatOf, speechBody, SpeechRequest, voiceOf } from "../openai/audio.js";
import { readJson } from "../openai/json-body.js";
import { errorResponses, jsonBody } from "../openai/openapi-parts.js";
import type { AppEnv } from "../route-context.js";
import type { VoicePool } from "../voice-pool.js";

const sound = z.string().openapi({ format: "binary" });

const route = createRoute({
  method: "post",
  path: "/v1/audio/speech",
  tags: ["Audio"],
  summary: "Say a text",
  request: { body: jsonBody(SpeechRequest, { input: "Good morning!", voice: "default" }) },
  responses: {
    200: {
      description: "The sound, as it is made. A WAV file's header can't know its length yet.",
      content: { "audio/wav": { schema: sound }, "audio/pcm": { schema: sound } },
    },
    ...errorResponses(),
  },
});

/** POST /v1/audio/speech */
export function audioSpeech(app: OpenAPIHono<AppEnv>, voices: VoicePool): void {
  app.openAPIRegistry.registerPath(route);
  app.post(route.path, async (c) => {
    const wire = await readJson(c, SpeechRequest);
    const format = formatOf(wire);
    const { signal } = c.var;
    const acquired = voices.acquire(voiceOf(wire));
    const lease = await abortable(acquired, signal).catch((error: unknown) => {
      void acquired.then(({ release }) => release()).catch(() => {});
      throw error;
    });
    const body = await speechBody(wire, lease, signal);
    return c.body(body, 200, { "content-type": CONTENT_TYPES[format], "cache-control": "no-cache, no-transform" });
  });
}
