import type { OpenAPIHono } from "@hono/zod-openapi";
import { ApiError } from "../openai/errors.js";
import type { AppEnv } from "../route-context.js";

/** Parts of OpenAI's API that clients look for and that no model here can serve. */
const PATHS = ["/v1/audio/transcriptions", "/v1/audio/translations", "/v1/images/generations"];

/** Says clearly what isn't there, where a bare 404 would look like a wrong address. */
export function unavailable(app: OpenAPIHono<AppEnv>): void {
  for (const path of PATHS) {
    app.post(path, () => {
      throw new ApiError(501, {
        message: `${path} isn't available: this server has no model for it.`,
        type: "invalid_request_error",
        code: "not_implemented",
      });
    });
  }
}
