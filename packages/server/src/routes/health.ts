import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { systemMemory } from "../memory.js";
import { ErrorResponse } from "../openai/errors.js";
import { errorResponses, json } from "../openai/openapi-parts.js";
import { packageVersion } from "../package-info.js";
import type { AppEnv } from "../route-context.js";
import type { ServerState } from "../server-state.js";

const Live = z
  .object({ status: z.literal("alive"), version: z.string(), uptime_secs: z.number() })
  .openapi("Liveness", { description: "The process runs." });

const Ready = z
  .object({
    status: z.enum(["ok", "ready", "loading", "draining"]),
    version: z.string(),
    ready: z.boolean(),
    phase: z.enum(["ready", "loading", "draining"]),
    draining: z.boolean(),
    uptime_secs: z.number(),
    checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
    startup_warnings: z.array(z.string()),
  })
  .openapi("Readiness", { description: "Whether requests are answered at once." });

const NotReady = z.object({ ...Ready.shape, ...ErrorResponse.shape }).openapi("NotReady");

const Health = z
  .object({
    status: z.enum(["ok", "loading", "draining"]),
    version: z.string(),
    uptime_secs: z.number(),
    runtime: z.object({
      node: z.string(),
      platform: z.string(),
      requested_backend: z.string(),
      selected_backend: z.string().nullable(),
      detected_device: z
        .object({
          kind: z.string(),
          instruction_set: z.string(),
          threads: z.number(),
        })
        .nullable(),
      total_memory_bytes: z.number(),
      available_memory_bytes: z.number(),
    }),
    models: z.array(
      z.object({
        id: z.string(),
        status: z.enum(["loading", "ready", "error"]),
        requests: z.number(),
        expires_at: z.number().nullable(),
        error: z.string().nullable(),
        quantization: z.string().nullable(),
        context_length: z.number().nullable(),
        backend: z.string().nullable(),
        device: z.string().nullable(),
      }),
    ),
  })
  .openapi("Health", { description: "What computes, and the models that are loaded." });

/** Liveness, readiness, and what computes. */
export function health(app: OpenAPIHono<AppEnv>, state: ServerState, requestedBackend: string): void {
  const tags = ["Server"];
  const live = createRoute({
    method: "get",
    path: "/livez",
    tags,
    summary: "Is the process alive?",
    responses: { ...errorResponses(), 200: json("It is.", Live) },
  });
  app.openapi(live, (c) =>
    c.json({ status: "alive" as const, version: packageVersion(), uptime_secs: uptime(state) }, 200),
  );

  for (const path of ["/readyz", "/health"] as const) {
    const ready = createRoute({
      method: "get",
      path,
      tags,
      summary: path === "/readyz" ? "Are requests answered at once?" : "The same, for clients of llama.cpp's server",
      responses: {
        ...errorResponses(),
        200: json("Ready.", Ready),
        503: json("Loading a model, or about to stop.", NotReady),
      },
    });
    app.openapi(ready, (c) => {
      const body = readiness(state, path === "/health" ? "ok" : "ready");
      if (body.ready) return c.json(body, 200);
      const message = state.phase === "loading" ? "Loading model" : "The server is shutting down.";
      const error = { message, type: "service_unavailable_error", param: null, code: state.phase };
      return c.json({ ...body, error }, 503, { "retry-after": "1" });
    });
  }

  const whole = createRoute({
    method: "get",
    path: "/v1/health",
    tags,
    summary: "What computes, and which models are loaded",
    responses: { ...errorResponses(), 200: json("The server's state.", Health) },
  });
  app.openapi(whole, (c) => c.json(healthOf(state, requestedBackend), 200));
}

function readiness(state: ServerState, good: "ok" | "ready"): z.infer<typeof Ready> {
  const { phase } = state;
  const checks = state.models().map(({ id, status, error }) => {
    return { name: `model ${id}`, ok: status === "ready", detail: error ?? status };
  });
  return {
    status: phase === "ready" ? good : phase,
    version: packageVersion(),
    ready: phase === "ready",
    phase,
    draining: phase === "draining",
    uptime_secs: uptime(state),
    checks,
    startup_warnings: [...state.warnings],
  };
}

function healthOf(state: ServerState, requestedBackend: string): z.infer<typeof Health> {
  const models = state.models();
  const computing = models.find(({ model }) => model)?.model?.info;
  return {
    status: state.phase === "ready" ? "ok" : state.phase,
    version: packageVersion(),
    uptime_secs: uptime(state),
    runtime: {
      node: process.version,
      platform: `${process.platform}-${process.arch}`,
      requested_backend: requestedBackend,
      // Known once a model is loaded: until then nothing computes.
      selected_backend: computing?.backend ?? null,
      detected_device: computing
        ? { kind: computing.device, instruction_set: computing.isa, threads: computing.threads }
        : null,
      total_memory_bytes: systemMemory.totalBytes(),
      available_memory_bytes: systemMemory.availableBytes(),
    },
    models: models.map(({ id, status, leases, expiresAt, error, model }) => ({
      id,
      status,
      requests: leases,
      expires_at: expiresAt === undefined ? null : Math.round(expiresAt / 1000),
      error: error ?? null,
      quantization: model?.info.quantization ?? null,
      context_length: model?.info.contextLength ?? null,
      backend: model?.info.backend ?? null,
      device: model?.info.device ?? null,
    })),
  };
}

function uptime({ startedAt }: ServerState): number {
  return Math.round((Date.now() - startedAt) / 1000);
}
