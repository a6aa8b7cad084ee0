import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { LibraryListing, ModelLibrary } from "../model-library.js";
import type { ModelPull, PullStatus } from "../model-pull.js";
import { ErrorResponse } from "../openai/errors.js";
import { EVENT_STREAM_HEADERS, eventStream, type ServerEvent } from "../openai/event-stream.js";
import { errorResponses, json } from "../openai/openapi-parts.js";
import type { AppEnv } from "../route-context.js";

const PullProgress = z
  .object({
    id: z.string(),
    status: z.enum([
      ...["starting", "resolving", "waiting", "searching", "linking", "downloading", "retrying", "verifying"],
    ] as [PullStatus["phase"], ...PullStatus["phase"][]]),
    bytes: z.int(),
    total_bytes: z.int().nullable(),
    bytes_per_second: z.int(),
    eta_ms: z.int().nullable(),
    retry: z.object({ reason: z.string(), delay_ms: z.int() }).nullable(),
  })
  .openapi("PullProgress");

const CatalogModel = z
  .object({
    id: z.string(),
    repository: z.string(),
    file: z.string(),
    license: z.string(),
    size_bytes: z.int(),
    context_length: z.int(),
    needed_memory_bytes: z.int().openapi({ description: "For a conversation of 4,096 tokens." }),
    fits_in_memory: z.boolean(),
    recommended: z.boolean(),
    installed: z.boolean(),
  })
  .openapi("CatalogModel");

const Unfinished = z.object({ id: z.string(), bytes: z.int(), total_bytes: z.int().nullable() });

const Catalog = z
  .object({
    models: z.array(CatalogModel),
    pulls: z.array(PullProgress).openapi({ description: "Pulls under way, also of models that aren't listed." }),
    unfinished: z
      .array(Unfinished)
      .openapi({ description: "What interrupted pulls left; another pull goes on with it." }),
    memory_bytes: z.int(),
    free_disk_bytes: z.int().nullable(),
  })
  .openapi("Catalog");

const Removed = z.object({ id: z.string(), freed_bytes: z.int() }).openapi("RemovedModel");
const Cancelled = z.object({ id: z.string(), cancelled: z.literal(true) }).openapi("CancelledPull");

const tags = ["Models"];
const description = "A name of the catalogue, or hf:organization/repository with its slash as %2F.";
const params = z.object({ id: z.string().openapi({ description }) });

const events = {
  description:
    "Events: `progress` with a PullProgress, then `done` with the installed model's `id`, or `error` with an Error.",
  content: { "text/event-stream": { schema: z.object({ event: z.string(), data: z.string() }) } },
};
const pullErrors = {
  502: json("The hub can't be reached, refuses, or sent another file than it should.", ErrorResponse),
  507: json("The disk is full.", ErrorResponse),
};

const catalog = createRoute({
  method: "get",
  path: "/v1/admin/catalog",
  tags,
  summary: "The models that can be pulled, and the pulls under way",
  responses: { ...errorResponses(), 200: json("The catalogue.", Catalog) },
});

const start = createRoute({
  method: "post",
  path: "/v1/admin/models/{id}/pull",
  tags,
  summary: "Pull a model, or join the pull that is under way; it goes on when the caller leaves",
  request: { params },
  responses: { ...errorResponses(), ...pullErrors, 200: events, 409: json("It was cancelled.", ErrorResponse) },
});

const watch = createRoute({
  method: "get",
  path: "/v1/admin/models/{id}/pull",
  tags,
  summary: "Watch a pull that is under way",
  request: { params },
  responses: { ...errorResponses(), ...pullErrors, 200: events, 409: json("It was cancelled.", ErrorResponse) },
});

const cancel = createRoute({
  method: "delete",
  path: "/v1/admin/models/{id}/pull",
  tags,
  summary: "Cancel a pull for everybody; what came stays for the next one",
  request: { params },
  responses: { ...errorResponses(), 200: json("It has ended.", Cancelled) },
});

const remove = createRoute({
  method: "delete",
  path: "/v1/admin/models/{id}",
  tags,
  summary: "Delete a model, or what an interrupted pull of it has left",
  request: { params },
  responses: {
    ...errorResponses(),
    200: json("It is gone.", Removed),
    409: json("Requests use it, or it is being pulled.", ErrorResponse),
  },
});

/** GET /v1/admin/catalog; POST, GET and DELETE /v1/admin/models/{id}/pull; DELETE /v1/admin/models/{id} */
export function adminLibrary(app: OpenAPIHono<AppEnv>, library: ModelLibrary, pingMs: number): void {
  app.openapi(catalog, async (c) => c.json(toCatalog(await library.list()), 200));

  app.openAPIRegistry.registerPath(start);
  app.post("/v1/admin/models/:id/pull", (c) => streamed(c, library.pull(c.req.param("id")), pingMs));

  app.openAPIRegistry.registerPath(watch);
  app.get("/v1/admin/models/:id/pull", (c) => streamed(c, library.running(c.req.param("id")), pingMs));

  app.openapi(cancel, async (c) => {
    const { id } = c.req.valid("param");
    await library.cancel(id);
    return c.json({ id, cancelled: true as const }, 200);
  });

  app.openapi(remove, async (c) => {
    const { id, freedBytes } = await library.remove(c.req.valid("param").id);
    return c.json({ id, freed_bytes: freedBytes }, 200);
  });
}

/** What fails before there is any progress gets a status of its own. */
async function streamed(c: Context<AppEnv>, pull: ModelPull, pingMs: number): Promise<Response> {
  // A pull may take hours.
  c.get("liftTimeLimit")();
  const gone = new AbortController();
  const body = await eventStream({
    events: told(pull, AbortSignal.any([gone.signal, c.get("signal")])),
    signal: c.get("signal"),
    onGone: () => gone.abort(),
    pingMs,
    failure: (error) => [{ event: "error", data: { error: error.body } }],
    promptField: "id",
  });
  return new Response(body, { headers: EVENT_STREAM_HEADERS });
}

async function* told(pull: ModelPull, signal: AbortSignal): AsyncGenerator<ServerEvent, void> {
  const statuses = pull.watch(signal);
  for (;;) {
    const { done, value } = await statuses.next();
    if (done) {
      yield { event: "done", data: { id: value.id } };
      return;
    }
    yield { event: "progress", data: toProgress(pull.name, value) };
  }
}

function toProgress(id: string, status: PullStatus): z.output<typeof PullProgress> {
  const { phase, bytes, totalBytes, bytesPerSecond, etaMs, retry } = status;
  return {
    id,
    status: phase,
    bytes,
    total_bytes: totalBytes ?? null,
    bytes_per_second: bytesPerSecond,
    eta_ms: etaMs ?? null,
    retry: retry ? { reason: retry.reason, delay_ms: retry.delayMs } : null,
  };
}

function toCatalog({
  models,
  pulls,
  unfinished,
  memoryBytes,
  freeDiskBytes,
}: LibraryListing): z.output<typeof Catalog> {
  return {
    models: models.map(({ entry, neededBytes, fits, recommended, installed }) => ({
      id: entry.id,
      repository: entry.repository,
      file: entry.file,
      license: entry.license,
      size_bytes: entry.bytes,
      context_length: entry.contextLength,
      needed_memory_bytes: neededBytes,
      fits_in_memory: fits,
      recommended,
      installed,
    })),
    pulls: pulls.map(({ name, status }) => toProgress(name, status)),
    unfinished: unfinished.map(({ id, bytes, totalBytes }) => ({ id, bytes, total_bytes: totalBytes ?? null })),
    memory_bytes: memoryBytes,
    free_disk_bytes: freeDiskBytes ?? null,
  };
}
