import { IzwiError } from "@izwi/core";
import type { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { ApiError, invalidRequest } from "./errors.js";

/** Deeper JSON has no honest use, and everything behind this point may walk through it by recursion. */
const DEEPEST = 100;

/** The request's body, checked. Throws an ApiError that names what is wrong. */
export async function readJson<T extends z.ZodType>(c: Context, schema: T): Promise<z.output<T>> {
  const type = c.req.header("content-type");
  // A form or plain text can be sent by any web page without asking first: JSON only, or nothing said.
  if (type !== undefined && !/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type.trim())) {
    const message = `The body must be JSON: send the header "content-type: application/json" instead of "${type}".`;
    throw new ApiError(415, { message, code: "unsupported_media_type" });
  }
  const text = await c.req.text().catch((error: unknown) => {
    if (error instanceof ApiError || error instanceof IzwiError) throw error;
    throw new ApiError(400, { message: "The body couldn't be read.", code: "invalid_body" }, { cause: error });
  });
  const result = schema.safeParse(parse(text));
  if (!result.success) throw invalidRequest(result.error.issues);
  return result.data;
}

function parse(text: string): unknown {
  if (text.trim() === "") throw new ApiError(400, { message: "The body is empty; send JSON.", code: "invalid_json" });
  if (isDeep(text)) {
    const message = `The body's JSON is nested more than ${DEEPEST} levels deep.`;
    throw new ApiError(400, { message, code: "invalid_json" });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const message = `The body isn't valid JSON: ${(error as Error).message}`;
    throw new ApiError(400, { message, code: "invalid_json" }, { cause: error });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new ApiError(400, { message: "The body must be a JSON object.", code: "invalid_json" });
}

/** Counts brackets outside strings, so that nothing deep is ever parsed. */
function isDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (inString) {
      if (char === 0x5c) i++;
      else if (char === 0x22) inString = false;
    } else if (char === 0x22) inString = true;
    else if (char === 0x7b || char === 0x5b) {
      if (++depth > DEEPEST) return true;
    } else if (char === 0x7d || char === 0x5d) depth--;
  }
  return false;
}
