import type { MiddlewareHandler } from "hono";
import { bodyLimit as honoBodyLimit } from "hono/body-limit";
import { ApiError } from "../openai/errors.js";

/** Refuses larger bodies before, or while, they are read. */
export function bodyLimit(maxBytes: number): MiddlewareHandler {
  return honoBodyLimit({
    maxSize: maxBytes,
    onError() {
      throw new ApiError(413, {
        message: `The request's body is larger than ${maxBytes} bytes, the most that this server takes.`,
        code: "request_too_large",
      });
    },
  });
}
