import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { ApiError } from "../openai/errors.js";

/** What says nothing about the machine or its models, so that load balancers and people can see it without a key. */
const OPEN_PATHS = new Set(["/", "/health", "/livez", "/readyz", "/docs", "/openapi.json"]);

/** Demands the key as `Authorization: Bearer KEY` or `x-api-key: KEY`. */
export function apiKeyCheck(key: string): MiddlewareHandler {
  const expected = digest(key);
  return async (c, next) => {
    if (isOpen(c.req.path)) return next();
    const given = bearer(c.req.header("authorization")) ?? c.req.header("x-api-key");
    // Digests have one length, and comparing them tells nothing about how much of a key was right.
    if (given === undefined || !timingSafeEqual(digest(given), expected)) throw unauthorized(given !== undefined);
    return next();
  };
}

/** The chat page, too: it asks for the key, and sends it with each of its own requests. */
function isOpen(path: string): boolean {
  return OPEN_PATHS.has(path) || path === "/chat" || path.startsWith("/chat/");
}

function bearer(header: string | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(header ?? "")?.[1];
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function unauthorized(given: boolean): ApiError {
  const message = given
    ? "The API key is wrong."
    : "The server wants an API key. Send it in a header: Authorization: Bearer KEY.";
  return new ApiError(
    401,
    { message, type: "authentication_error", code: "invalid_api_key" },
    { headers: { "www-authenticate": "Bearer" } },
  );
}
