import type { Context, MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import type { ActiveRequests } from "../active-requests.js";
import type { HttpMetrics } from "../metrics.js";
import { ApiError, toApiError } from "../openai/errors.js";
import type { AppEnv, LogFields, Logger } from "../route-context.js";

/** What the middleware of this server tell each other about a request. */
export interface TrackedEnv extends AppEnv {
  Variables: AppEnv["Variables"] & {
    /** Called when the answer was sent to its end, or won't be. */
    onEnd(callback: () => void): void;
  };
}

export interface TrackingOptions {
  active: ActiveRequests;
  metrics: HttpMetrics;
  log: Logger;
  /** Longest time that one request may take, its stream included; Infinity for no limit. */
  timeoutMs: number;
}

/** Gives each request its signal, notes when it really ends, and writes one log line about it. */
export function requestTracking({ active, metrics, log, timeoutMs }: TrackingOptions): MiddlewareHandler<TrackedEnv> {
  return async (c, next) => {
    const startedAt = performance.now();
    const controller = requestController(c.req.raw.signal, timeoutMs);
    const callbacks: (() => void)[] = [];
    c.set("signal", controller.signal);
    c.set("liftTimeLimit", () => controller.liftTimeLimit());
    c.set("onEnd", (callback) => void callbacks.push(callback));
    active.add(controller);
    const end = once(() => {
      controller.dispose();
      active.delete(controller);
      for (const callback of callbacks) callback();
      const seconds = (performance.now() - startedAt) / 1000;
      const route = routeOf(c);
      metrics.request(c.req.method, route, c.res.status, seconds);
      const level = c.res.status >= 500 ? "error" : isProbe(c.req.path) ? "debug" : "info";
      log[level]("request", {
        request_id: c.var.requestId,
        method: c.req.method,
        path: c.req.path,
        status: c.res.status,
        ms: Math.round(seconds * 1000),
        ...(c.req.raw.signal.aborted && { client_gone: true }),
        ...(c.error && errorFields(c.error)),
      });
    });
    try {
      await next();
    } catch (error) {
      end();
      throw error;
    }
    if (isStream(c.res) && c.res.body) c.res = new Response(watched(c.res.body, end), c.res);
    else end();
  };
}

type RequestController = AbortController & { liftTimeLimit(): void; dispose(): void };

/** Aborts with the client, after the time limit, or when the server ends it. */
function requestController(client: AbortSignal, timeoutMs: number): RequestController {
  const controller = new AbortController();
  const onClientGone = () => controller.abort(client.reason);
  if (client.aborted) onClientGone();
  else client.addEventListener("abort", onClientGone, { once: true });
  const timer = timeoutMs === Infinity ? undefined : setTimeout(() => controller.abort(tooLong(timeoutMs)), timeoutMs);
  timer?.unref();
  return Object.assign(controller, {
    liftTimeLimit: () => clearTimeout(timer),
    dispose() {
      client.removeEventListener("abort", onClientGone);
      clearTimeout(timer);
    },
  });
}

function tooLong(timeoutMs: number): ApiError {
  const message = `The request took longer than ${timeoutMs / 1000} s, the most that this server allows.`;
  return new ApiError(504, { message, type: "timeout_error", code: "request_timeout" });
}

/** The same stream; `onEnd` is called when it was read to its end, failed, or was given up by its reader. */
function watched(body: ReadableStream<Uint8Array>, onEnd: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) return controller.enqueue(value);
          onEnd();
          controller.close();
        } catch (error) {
          onEnd();
          controller.error(error);
        }
      },
      async cancel(reason) {
        onEnd();
        await reader.cancel(reason);
      },
    },
    // Nothing is taken from the stream before its reader wants it, so that a slow client slows the answer down.
    { highWaterMark: 0 },
  );
}

function isStream(response: Response): boolean {
  return /^(?:text\/event-stream|audio\/)/.test(response.headers.get("content-type") ?? "");
}

/** The route's pattern: for metrics, which must not get a new series for every path that somebody tries. */
function routeOf(c: Context): string {
  return matchedRoutes(c).findLast(({ method }) => method !== "ALL")?.path ?? "unknown";
}

/** The code, and for a defect where it happened. Never the message: it may quote what somebody wrote. */
function errorFields(error: Error): LogFields {
  const { status, body } = toApiError(error);
  const code = body.code ?? error.name;
  if (status !== 500) return { code };
  const origin = error.cause instanceof Error ? error.cause : error;
  const frames = origin.stack?.split("\n").filter((line) => /^\s+at /.test(line)) ?? [];
  return { code, error: origin.name, stack: frames.map((frame) => frame.trim()).join("; ") };
}

function isProbe(path: string): boolean {
  return path === "/health" || path === "/livez" || path === "/readyz" || path === "/metrics";
}

function once(run: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    run();
  };
}
