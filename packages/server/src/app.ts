import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { secureHeaders } from "hono/secure-headers";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { ActiveRequests } from "./active-requests.js";
import { DEFAULT_LIMITS } from "./limits.js";
import { silentLogger } from "./logger.js";
import { createMetrics } from "./metrics.js";
import { Admission, admissionControl } from "./middleware/admission.js";
import { apiKeyCheck } from "./middleware/api-key.js";
import { bodyLimit } from "./middleware/body-limit.js";
import { hostCheck, ownPagesOnly } from "./middleware/host-check.js";
import { requestId } from "./middleware/request-id.js";
import { requestTracking, type TrackedEnv } from "./middleware/request-tracking.js";
import type { ModelLibrary } from "./model-library.js";
import type { ModelAdmin, ModelSource } from "./model-source.js";
import { ApiError, toErrorResponse, validationHook } from "./openai/errors.js";
import type { AppEnv, Limits, Logger, RouteContext } from "./route-context.js";
import { adminLibrary } from "./routes/admin-library.js";
import { adminModels } from "./routes/admin-models.js";
import { audioSpeech } from "./routes/audio-speech.js";
import { audioVoices } from "./routes/audio-voices.js";
import { applyTemplate } from "./routes/apply-template.js";
import { chatPage } from "./routes/chat-page.js";
import { chatCompletions } from "./routes/chat-completions.js";
import { completions } from "./routes/completions.js";
import { detokenize } from "./routes/detokenize.js";
import { docs } from "./routes/docs.js";
import { embeddings } from "./routes/embeddings.js";
import { health } from "./routes/health.js";
import { metrics as metricsRoute } from "./routes/metrics.js";
import { models as modelsRoute } from "./routes/models.js";
import { responses } from "./routes/responses.js";
import { tokenize } from "./routes/tokenize.js";
import { unavailable } from "./routes/unavailable.js";
import { forwardToUpstream } from "./upstream/forward.js";
import { withUpstreams } from "./upstream/listed-upstreams.js";
import type { UpstreamPool } from "./upstream/upstream-pool.js";
import { VoicePool, type VoiceSource } from "./voice-pool.js";
import { serverState, type ServerState } from "./server-state.js";

export interface AppOptions {
  models: ModelSource;
  /** Loads and unloads models on request, at `/v1/admin/models`. Default: nobody can. */
  admin?: ModelAdmin;
  /** Pulls and removes models on request, likewise. Default: nobody can. */
  library?: ModelLibrary;
  /** Demanded of every request that computes or tells something. Default: none is. */
  apiKey?: string;
  /** Names that the server may be called by, besides localhost and its addresses. Default: no others. */
  hosts?: readonly string[] | "any";
  /** Origins of web pages that may call the API, or `*`. Default: none but the server's own. */
  corsOrigins?: readonly string[] | "*";
  limits?: Partial<Limits>;
  /** Requests that compute at the same time. Default: 100. */
  maxConcurrent?: number;
  /** Requests that may wait for a place; more are refused with 429. Default: as many as `maxConcurrent`. */
  maxQueued?: number;
  /** Longest time of one request, its stream included; Infinity for no limit. Default: 300 000. */
  timeoutMs?: number;
  /** A stream that is silent this long gets a comment. Default: 15 000. */
  pingMs?: number;
  /** Pages for people at `/`, `/chat` and `/docs`. Default: true. */
  pages?: boolean;
  log?: Logger;
  /** Models that other servers answer for; the app's owner closes it. */
  upstreams?: UpstreamPool;
  /** Wait before an upstream is tried again, in milliseconds. Default: 200. */
  upstreamPauseMs?: number;
  /** Whose voices speak. Default: those of this machine. */
  voices?: VoiceSource;
  /** What the health endpoints tell. Default: always ready, without models. */
  state?: ServerState;
  /** The requests under way, for a server that waits for them when it stops. */
  active?: ActiveRequests;
  /** The backend that models are loaded for; told by `/v1/health`. Default: `auto`. */
  backend?: string;
  /** Also measure this process: memory, CPU time, event loop lag. Default: true. */
  processMetrics?: boolean;
}

/** Requests that compute; they alone wait for a place. */
const COMPUTING = ["/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/embeddings"];

/** Computes, too, but here and not at another server. */
const SPEAKING = "/v1/audio/speech";

/** Those that mean something for JSON and for pages without scripts; the others would only fill each answer. */
const SECURE_HEADERS = {
  strictTransportSecurity: false,
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xFrameOptions: "DENY",
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
} as const;

/**
 * The whole HTTP API as a fetch handler: `app.fetch(request)`. It opens no port and ends no process, so that it can be
 * mounted in another server.
 */
export function createApp(options: AppOptions): OpenAPIHono<AppEnv> {
  const { log = silentLogger, state = serverState(() => []), maxConcurrent = 100 } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const admission = new Admission({ maxConcurrent, maxQueued: options.maxQueued ?? maxConcurrent });
  const metrics = createMetrics(
    { active: () => admission.running, queued: () => admission.waiting, models: () => state.models() },
    { process: options.processMetrics ?? true },
  );
  const active = options.active ?? new ActiveRequests();
  const app = new OpenAPIHono<TrackedEnv>({ defaultHook: validationHook });

  app.onError((error, c) => errorResponse(error, c));
  app.notFound((c) => errorResponse(notFound(app, c), c));
  app.use(requestId);
  app.use(requestTracking({ active, metrics, log, timeoutMs: options.timeoutMs ?? 300_000 }));
  app.use(errorsOnly);
  app.use(secureHeaders(SECURE_HEADERS));
  app.use(hostCheck({ hosts: options.hosts ?? [], origins: options.corsOrigins ?? [] }));
  if (options.corsOrigins !== undefined) app.use(corsHeaders(options.corsOrigins));
  if (options.apiKey !== undefined) app.use(apiKeyCheck(options.apiKey));
  // "Any page may chat" doesn't mean that any page may fill the disk.
  else if (options.corsOrigins === "*") app.use("/v1/admin/*", ownPagesOnly);
  app.use(drainCheck(state));
  app.use(bodyLimit(limits.bodyBytes));
  for (const path of [...COMPUTING, SPEAKING]) app.use(path, admissionControl(admission, metrics));
  const { upstreams } = options;
  if (upstreams) for (const path of COMPUTING) app.use(path, forwardToUpstream(upstreams, options.upstreamPauseMs));

  const models = upstreams ? withUpstreams(options.models, upstreams) : options.models;
  const context: RouteContext = { models, limits, metrics, log, pingMs: options.pingMs ?? 15_000 };
  const routes = app as unknown as OpenAPIHono<AppEnv>;
  registerApi(routes, context);
  if (options.admin) adminModels(routes, options.admin);
  if (options.library) adminLibrary(routes, options.library, context.pingMs);
  const voices = new VoicePool(options.voices);
  audioSpeech(routes, voices);
  audioVoices(routes, voices);
  unavailable(routes);
  health(routes, state, options.backend ?? "auto");
  metricsRoute(routes, metrics);
  docs(routes, { pages: options.pages ?? true, secured: options.apiKey !== undefined });
  if (options.pages ?? true) chatPage(routes);
  return routes;
}

function registerApi(app: OpenAPIHono<AppEnv>, context: RouteContext): void {
  chatCompletions(app, context);
  completions(app, context);
  responses(app, context);
  embeddings(app, context);
  modelsRoute(app, context);
  tokenize(app, context);
  detokenize(app, context);
  applyTemplate(app, context);
}

/** Hono answers for errors alone; what else a library throws would leave it without an answer. */
const errorsOnly: MiddlewareHandler = async (_c, next) => {
  try {
    await next();
  } catch (thrown) {
    throw thrown instanceof Error ? thrown : new Error("Something was thrown that is no error.", { cause: thrown });
  }
};

function corsHeaders(origins: readonly string[] | "*") {
  return cors({
    origin: origins === "*" ? "*" : [...origins],
    allowMethods: ["GET", "POST", "DELETE", "OPTIONS"],
    exposeHeaders: ["x-request-id", "retry-after"],
    maxAge: 600,
  });
}

/** Requests on connections that were open before the server began to stop. */
function drainCheck(state: ServerState) {
  return async (c: Context, next: () => Promise<void>) => {
    if (state.phase === "draining" && c.req.method === "POST") {
      const body = { message: "The server is shutting down.", code: "shutting_down" };
      throw new ApiError(503, body, { headers: { "retry-after": "5", connection: "close" } });
    }
    await next();
  };
}

function errorResponse(error: unknown, c: Context): Response {
  const { status, headers, body } = toErrorResponse(error);
  return c.json(body, status as ContentfulStatusCode, headers);
}

const METHODS = ["GET", "POST", "DELETE", "PUT", "PATCH"];

/** 404, or 405 where the path exists for other methods. */
function notFound(app: OpenAPIHono<TrackedEnv>, c: Context): ApiError {
  const { method, path } = c.req;
  const allowed = METHODS.filter((other) =>
    app.router.match(other, path)[0].some(([[, route]]) => route.method === other),
  );
  if (allowed.length === 0) return new ApiError(404, { message: `There is no ${path} here.`, code: "unknown_url" });
  const message = `${path} takes ${allowed.join(" and ")}, not ${method}.`;
  return new ApiError(405, { message, code: "method_not_allowed" }, { headers: { allow: allowed.join(", ") } });
}
