import type { Context, MiddlewareHandler } from "hono";
import { ApiError } from "../openai/errors.js";
import { DONE, EVENT_STREAM_HEADERS } from "../openai/event-stream.js";
import type { AppEnv } from "../route-context.js";
import { authorization, type Target, type Upstream, type UpstreamPool } from "./upstream-pool.js";

/** Answers of a server that is overloaded, starting, or behind a proxy that lost it: another try may do better. */
const TRY_AGAIN = new Set([502, 503, 504]);
/** Rounds over an upstream's targets. */
const ROUNDS = 3;
/** Wait before the second round; the third waits twice as long. */
const PAUSE_MS = 200;

/**
 * Passes requests for an upstream's model on, unchanged but for the model's name over there. What fails before the
 * first piece of the answer is tried again, at the next target where there are several; after it, a stream ends with an
 * error event.
 */
export function forwardToUpstream(pool: UpstreamPool, pauseMs = PAUSE_MS): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    if (c.req.method !== "POST") return next();
    const body = await readBody(c);
    const upstream = typeof body?.["model"] === "string" ? pool.find(body["model"].trim()) : undefined;
    if (body === undefined || upstream === undefined) return next();
    return forward(c, pool, upstream, JSON.stringify({ ...body, model: upstream.model ?? body["model"] }), pauseMs);
  };
}

/** The body as an object; undefined for what the routes are to refuse. Hono keeps the text for them. */
async function readBody(c: Context): Promise<Record<string, unknown> | undefined> {
  const text = await c.req.text().catch((error: unknown) => {
    if (error instanceof ApiError) throw error;
    return "";
  });
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

async function forward(
  c: Context<AppEnv>,
  pool: UpstreamPool,
  upstream: Upstream,
  body: string,
  pauseMs: number,
): Promise<Response> {
  let last: Answer | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    if (round > 0) await pause(pauseMs * round, c.var.signal);
    for (const target of pool.targets(upstream)) {
      const answer = await ask(c, target, upstream, body);
      if (answer !== undefined && !TRY_AGAIN.has(answer.response.status)) {
        pool.answered(target);
        return respond(answer);
      }
      pool.failed(target);
      if (last !== undefined) await last.response.body?.cancel().catch(() => undefined);
      last = answer ?? last;
    }
  }
  const { name } = upstream;
  const what = last === undefined ? "can't be reached" : `answers with status ${last.response.status}`;
  const message = `The server that answers for "${name}" ${what}. Try again later.`;
  throw new ApiError(502, { message, code: "upstream_failed", param: "model" }, { headers: { "retry-after": "5" } });
}

interface Answer {
  response: Response;
  /** The body's first piece, and what reads the rest. */
  first: Uint8Array | undefined;
  reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
}

/** One try, up to the first piece of the body; undefined where the target can't be reached or breaks off before it. */
async function ask(c: Context<AppEnv>, target: Target, upstream: Upstream, body: string): Promise<Answer | undefined> {
  const path = new URL(c.req.url).pathname.replace(/^\/v1/, "");
  const headers = {
    "content-type": "application/json",
    "x-request-id": c.var.requestId,
    ...authorization(upstream.apiKey),
  };
  try {
    const response = await fetch(`${target.url}${path}`, { method: "POST", headers, body, signal: c.var.signal });
    if (TRY_AGAIN.has(response.status)) return { response, first: undefined, reader: undefined };
    const reader = response.body?.getReader();
    return { response, first: (await reader?.read())?.value, reader };
  } catch (error) {
    // The client left, or time is up: that is no fault of the target's.
    if (c.var.signal.aborted) throw c.var.signal.reason instanceof Error ? c.var.signal.reason : error;
    return undefined;
  }
}

function respond({ response, first, reader }: Answer): Response {
  const type = response.headers.get("content-type") ?? "application/json";
  const headers = new Headers({ "content-type": type });
  const retryAfter = response.headers.get("retry-after");
  if (retryAfter !== null) headers.set("retry-after", retryAfter);
  const isStream = type.startsWith("text/event-stream");
  if (isStream) for (const [name, value] of Object.entries(EVENT_STREAM_HEADERS)) headers.set(name, value);
  return new Response(rest(first, reader, isStream), { status: response.status, headers });
}

function rest(
  first: Uint8Array | undefined,
  reader: ReadableStreamDefaultReader<Uint8Array> | undefined,
  isStream: boolean,
): ReadableStream<Uint8Array> | null {
  if (reader === undefined) return null;
  let ready = first;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (ready !== undefined) {
          controller.enqueue(ready);
          ready = undefined;
          return;
        }
        try {
          const { done, value } = await reader.read();
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          if (!isStream) return controller.error(error);
          controller.enqueue(new TextEncoder().encode(brokenOff()));
          controller.close();
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

function brokenOff(): string {
  const message = "The server that answers for this model broke off in the middle of the answer.";
  const { body } = new ApiError(502, { message, code: "upstream_failed" });
  // Whatever piece came last, a new event begins here.
  return `\n\ndata: ${JSON.stringify({ error: body })}\n\ndata: ${String(DONE.data)}\n\n`;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}
