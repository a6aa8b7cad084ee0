import { randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { getRequestListener } from "@hono/node-server";
import type { LoadModelOptions } from "@izwi/core";
import { ActiveRequests } from "./active-requests.js";
import { createApp, type AppOptions } from "./app.js";
import { endStalledAnswers } from "./stalled-answers.js";
import { isLoopbackName } from "./middleware/host-check.js";
import { silentLogger } from "./logger.js";
import { coreLoader } from "./model-loader.js";
import { ModelLibrary } from "./model-library.js";
import { ModelPool } from "./model-pool.js";
import { ApiError, toErrorResponse } from "./openai/errors.js";
import { serverState } from "./server-state.js";
import { UpstreamPool, type Upstream } from "./upstream/upstream-pool.js";

export interface ServerOptions extends Omit<
  AppOptions,
  "models" | "admin" | "library" | "state" | "active" | "backend" | "hosts" | "upstreams"
> {
  /** Default: this machine alone, as 127.0.0.1 and, where there is one, ::1. */
  host?: string;
  /** 0 takes any free one. Default: 8080. */
  port?: number;
  /** Names or paths of models to load at the start; the first one answers where a request names none. */
  preload?: readonly string[];
  /** The model that answers where a request names none. Default: the first of `preload`, else as `izwi chat`. */
  defaultModel?: string;
  /** How long a model that nobody uses stays loaded; 0 unloads at once, Infinity never. Default: five minutes. */
  keepAliveMs?: number;
  /** How models are loaded. */
  load?: Omit<LoadModelOptions, "signal">;
  /** Further names that the server may be called by, such as a proxy passes on. */
  allowedHosts?: readonly string[];
  /** Models that other OpenAI-compatible servers answer for. */
  upstreams?: readonly Upstream[];
  /** Where models come from; the server closes it. Default: a pool over `@izwi/core`. */
  models?: ModelPool;
  /** A client that takes nothing of its answer for this long is cut off. Default: 60 000. */
  stallMs?: number;
}

export interface RunningServer {
  /** Such as `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly port: number;
  /** The key that requests need: the given one, or one made because the server is reachable from outside. */
  readonly apiKey: string | undefined;
  /** Settles when the models asked for at the start are loaded, or one can't be. */
  readonly ready: Promise<void>;
  /** Requests under way. */
  readonly active: number;
  /**
   * Takes no new requests, lets running ones finish for at most `graceMs` (default: 30 000), ends those that are left
   * with an error, and unloads the models. A second call with a shorter time shortens the first one's.
   */
  close(options?: { graceMs?: number }): Promise<void>;
}

const LOOPBACK = ["127.0.0.1", "::1"];

/** Starts the HTTP server. Throws where the address can't be had or a model of `preload` isn't known. */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const { host, port = 8080, preload = [], load = {} } = options;
  const models = options.models ?? createPool(options);
  const { log = silentLogger } = options;
  const library = new ModelLibrary({ pool: models, modelsDir: load.modelsDir, log });
  await models.configure(preload);

  const local = host === undefined || isLoopbackHost(host);
  const apiKey = options.apiKey ?? (local ? undefined : `izwi-${randomBytes(24).toString("base64url")}`);
  const state = serverState(() => models.models(), preload.length > 0 ? "loading" : "ready");
  const active = new ActiveRequests();
  const { upstreams: remote = [], ...appOptions } = options;
  const upstreams = remote.length > 0 ? new UpstreamPool(remote, { log }) : undefined;
  const app = createApp({
    ...appOptions,
    ...(upstreams && { upstreams }),
    models,
    admin: models,
    library,
    state,
    active,
    // Whoever reaches a public address needs the key; the name he uses says nothing then.
    hosts: local ? (options.allowedHosts ?? []) : (options.allowedHosts ?? "any"),
    backend: load.backend ?? "auto",
    ...(apiKey !== undefined && { apiKey }),
  });
  const servers = await listen(app.fetch, host, port, options.stallMs ?? 60_000);
  const address = servers[0]!.address() as AddressInfo;
  const url = `http://${urlHost(host ?? address.address)}:${address.port}`;
  const ready = models.preload(preload).then(
    () => void (state.phase === "loading" && (state.phase = "ready")),
    (error: unknown) => {
      if (state.phase === "loading") state.phase = "ready";
      throw error;
    },
  );
  // The caller may not be interested; then the failure is in the log and in the model's status.
  ready.catch(() => undefined);

  const closing = createClosing(servers, active, models, () => {
    state.phase = "draining";
    upstreams?.close();
    // Whoever watches a pull would hold up the end for as long as it takes.
    return library.close();
  });
  return {
    url,
    port: address.port,
    apiKey,
    ready,
    get active() {
      return active.size;
    },
    close: ({ graceMs = 30_000 } = {}) => closing(graceMs),
  };
}

function createPool({ log, keepAliveMs, defaultModel, load }: ServerOptions): ModelPool {
  return new ModelPool({
    loader: coreLoader(load),
    ...(log && { log }),
    ...(keepAliveMs !== undefined && { keepAliveMs }),
    ...(defaultModel !== undefined && { defaultModel }),
  });
}

type Fetch = Parameters<typeof getRequestListener>[0];

/** One server for each address, all on the same port. */
async function listen(fetch: Fetch, host: string | undefined, port: number, stallMs: number): Promise<Server[]> {
  const first = await listenAt(fetch, host ?? LOOPBACK[0]!, port, stallMs);
  if (host !== undefined && host !== "localhost") return [first];
  const chosen = (first.address() as AddressInfo).port;
  const other = (first.address() as AddressInfo).family === "IPv6" ? LOOPBACK[0]! : LOOPBACK[1]!;
  try {
    // `localhost` is both, and clients differ in which one they try.
    return [first, await listenAt(fetch, other, chosen, stallMs)];
  } catch {
    // A machine without IPv6, or a port that is taken there: the first address is enough.
    return [first];
  }
}

function listenAt(fetch: Fetch, host: string, port: number, stallMs: number): Promise<Server> {
  const listener = getRequestListener(fetch, { overrideGlobalObjects: false, errorHandler: unreadable });
  // A request must arrive in good time. How long an answer may take is the app's own matter.
  const limits = { headersTimeout: 30_000, requestTimeout: 120_000, keepAliveTimeout: 65_000 };
  const server = createServer(limits, (request, response) => {
    endStalledAnswers(response, stallMs);
    void listener(request, response);
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (error.code === "ECONNRESET" || !socket.writable) return socket.destroy();
    socket.end(rawAnswer(error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : 400));
  });
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)));
    server.listen({ host, port, exclusive: true }, () => resolve(server));
  });
}

/** The answer to a request that has no readable address or host, so that it never gets to the app. */
function unreadable(error: unknown): Response {
  const { status, body } = toErrorResponse(
    error instanceof Error && error.name === "RequestError" ? new ApiError(400, { message: error.message }) : error,
  );
  return Response.json(body, { status });
}

/** The answer to what isn't HTTP, or didn't come in time: Node leaves nothing but the socket to write it to. */
function rawAnswer(status: 400 | 408): string {
  const message = status === 408 ? "The request took too long to arrive." : "The request isn't valid HTTP.";
  const body = JSON.stringify(toErrorResponse(new ApiError(status, { message })).body);
  const reason = status === 408 ? "Request Timeout" : "Bad Request";
  const headers = `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close`;
  return `HTTP/1.1 ${status} ${reason}\r\n${headers}\r\n\r\n${body}`;
}

/** Waits for what runs, then ends it; a later call may shorten the wait. */
function createClosing(servers: Server[], active: ActiveRequests, models: ModelPool, drain: () => Promise<void>) {
  let closing: Promise<void> | undefined;
  const end = () => {
    const body = { message: "The server was stopped before the answer was complete.", code: "shutting_down" };
    active.abortAll(new ApiError(503, body, { headers: { "retry-after": "5" } }));
  };
  const close = async (graceMs: number) => {
    const drained = drain();
    const closed = Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
    // A connection whose answer is complete stays open for another request, which won't come.
    const sweeping = setInterval(() => servers.forEach((server) => server.closeIdleConnections()), 20);
    if (!(await active.none(graceMs))) {
      end();
      await active.none(1000);
    }
    // The last answers may still be on their way to clients that are slow to take them.
    await Promise.race([closed, pause(1000, undefined, { ref: false })]);
    for (const server of servers) server.closeAllConnections();
    await closed;
    clearInterval(sweeping);
    await Promise.all([drained, models.close()]);
  };
  return (graceMs: number): Promise<void> => {
    if (closing === undefined) closing = close(graceMs);
    else if (graceMs === 0) end();
    return closing;
  };
}

function isLoopbackHost(host: string): boolean {
  return isLoopbackName(host.toLowerCase()) || host === "::1" || host === "[::1]";
}

function urlHost(host: string): string {
  const bare = host.replace(/^\[|\]$/g, "");
  // Listening everywhere is no address that one can call.
  if (bare === "0.0.0.0" || bare === "::") return "localhost";
  return bare.includes(":") ? `[${bare}]` : bare;
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const at = `${host}:${port}`;
  switch (error.code) {
    case "EADDRINUSE":
      return new Error(`Port ${port} is in use already. Stop what uses it, or choose another port.`, { cause: error });
    case "EACCES":
      return new Error(`Port ${port} can't be used without more rights. Choose one above 1023.`, { cause: error });
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new Error(`${host} is no address of this machine.`, { cause: error });
    default:
      return new Error(`The server can't listen at ${at}: ${error.message}`, { cause: error });
  }
}
