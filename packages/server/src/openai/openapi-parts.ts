import { z } from "@hono/zod-openapi";
import { ErrorResponse } from "./errors.js";

/** A JSON body that must be there. The example is what the API's page offers to send. */
export function jsonBody<T extends z.ZodType>(schema: T, example: z.input<T>) {
  return { required: true, content: { "application/json": { schema, example } } };
}

/** An answer in JSON. */
export function json<T extends z.ZodType>(description: string, schema: T) {
  return { description, content: { "application/json": { schema } } };
}

/**
 * An answer in JSON, or in server-sent events where `stream` is true. The events' own schema is known by `eventName`
 * and must be registered: what a stream's schema describes is the frame around it.
 */
export function jsonOrStream<T extends z.ZodType>(description: string, schema: T, eventName: string) {
  const data = z
    .string()
    .openapi({ description: `JSON of a ${eventName}; the word [DONE] where a stream ends with it.` });
  const frame = z.object({ event: z.string().optional(), data });
  return { description, content: { "application/json": { schema }, "text/event-stream": { schema: frame } } };
}

const ERRORS = {
  400: "A field is missing or has a value that can't be used; `param` names it.",
  401: "The API key is missing or wrong.",
  403: "The Host or Origin isn't allowed.",
  404: "There is no such model, response or path.",
  405: "The path doesn't know this method.",
  413: "The body is too large.",
  415: "The body isn't JSON.",
  429: "Too many requests are waiting; `retry-after` says when to try again.",
  500: "The server failed.",
  503: "The model is loading, too large, or the server is stopping; `retry-after` says when to try again.",
  504: "The answer took longer than allowed.",
} as const;

/** The errors that any route may answer with. */
export function errorResponses() {
  const entries = Object.entries(ERRORS).map(([status, description]) => [status, json(description, ErrorResponse)]);
  return Object.fromEntries(entries) as Record<string, ReturnType<typeof json<typeof ErrorResponse>>>;
}
