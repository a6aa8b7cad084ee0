import { randomUUID } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "../route-context.js";

/** Takes the caller's `x-request-id`, or makes one, and repeats it in the answer. */
export const requestId: MiddlewareHandler<AppEnv> = async (c, next) => {
  const given = c.req.header("x-request-id");
  // It goes into logs and into a header: only what is harmless in both.
  const id = given !== undefined && /^[\w.:/+=@-]{1,200}$/.test(given) ? given : randomUUID();
  c.set("requestId", id);
  c.header("x-request-id", id);
  await next();
};
