import type { MiddlewareHandler } from "hono";
import { ApiError } from "../openai/errors.js";

/** Refuses larger bodies before, or while, they are read. */
export function bodyLimit(maxBytes: number): MiddlewareHandler {
  return async (c, next) => {
    const { raw } = c.req;
    const length = raw.headers.get("content-length");
    if (length !== null && !raw.headers.has("transfer-encoding")) {
      if (Number(length) > maxBytes) throw tooLarge(maxBytes);
      return next();
    }
    if (raw.method === "GET" || raw.method === "HEAD" || raw.body === null) return next();
    const body = await readUpTo(maxBytes, raw.body);
    // Put together from its parts: what the Node adapter passes on is no Request to `new Request(raw)`.
    const { url, method, signal } = raw;
    c.req.raw = new Request(url, { method, headers: [...raw.headers], body, signal });
    return next();
  };
}

/** The whole of a body that doesn't tell its length. */
async function readUpTo(maxBytes: number, body: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    pieces.push(value);
  }
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function tooLarge(maxBytes: number): ApiError {
  return new ApiError(413, {
    message: `The request's body is larger than ${maxBytes} bytes, the most that this server takes.`,
    code: "request_too_large",
  });
}
