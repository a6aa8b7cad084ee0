import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { abortable } from "../abort.js";
import type { ModelAdmin, ModelListing } from "../model-source.js";
import { ApiError, ErrorResponse } from "../openai/errors.js";
import { LOADED_FRACTION } from "../openai/models.js";
import { errorResponses, json } from "../openai/openapi-parts.js";
import type { AppEnv } from "../route-context.js";

const AdminModel = z
  .object({
    id: z.string(),
    status: z.enum(["downloaded", "loading", "ready", "error"]),
    size_bytes: z.int(),
    builtin: z.boolean(),
    context_length: z
      .int()
      .nullable()
      .openapi({ description: "Most tokens of a conversation; of loaded models only." }),
    loading_ms: z.int().nullable().openapi({ description: "For how long it has been loading; only while it is." }),
    loaded_fraction: z.number().min(0).max(1).nullable().openapi({ description: LOADED_FRACTION }),
  })
  .openapi("AdminModel");

const AdminModels = z.object({ models: z.array(AdminModel) }).openapi("AdminModels");
type AdminModel = z.output<typeof AdminModel>;

const tags = ["Models"];
const params = z.object({ id: z.string().openapi({ description: "May contain slashes, as %2F." }) });
const wait = z.enum(["true", "false"]).optional().openapi({ description: "Answer when it is loaded." });

const list = createRoute({
  method: "get",
  path: "/v1/admin/models",
  tags,
  summary: "The models on this server, and which are loaded",
  responses: { ...errorResponses(), 200: json("All models.", AdminModels) },
});

const load = createRoute({
  method: "post",
  path: "/v1/admin/models/{id}/load",
  tags,
  summary: "Load a model before it is asked for",
  request: { params, query: z.object({ wait }) },
  responses: {
    ...errorResponses(),
    200: json("It is loaded.", AdminModel),
    202: json("It is being loaded.", AdminModel),
  },
});

const unload = createRoute({
  method: "post",
  path: "/v1/admin/models/{id}/unload",
  tags,
  summary: "Unload a model that nobody uses",
  request: { params },
  responses: {
    ...errorResponses(),
    200: json("It isn't loaded any more.", AdminModel),
    409: json("Requests use it.", ErrorResponse),
  },
});

/** GET /v1/admin/models, POST /v1/admin/models/{id}/load and /unload */
export function adminModels(app: OpenAPIHono<AppEnv>, admin: ModelAdmin): void {
  app.openapi(list, async (c) => c.json({ models: (await admin.list()).map(toAdminModel) }, 200));

  app.openapi(load, async (c) => {
    const { id, loaded } = await admin.load(c.req.valid("param").id);
    if (c.req.valid("query").wait === "true") await abortable(loaded, c.get("signal"));
    const model = await find(id, admin);
    return c.json(model, model.status === "ready" ? 200 : 202);
  });

  app.openapi(unload, async (c) => {
    const { id, unloaded } = await admin.unload(c.req.valid("param").id);
    if (unloaded) return c.json(await find(id, admin), 200);
    throw new ApiError(409, {
      message: `${id} is in use: try again when its requests have ended.`,
      code: "model_in_use",
    });
  });
}

async function find(id: string, admin: ModelAdmin): Promise<AdminModel> {
  const listing = (await admin.list()).find((model) => model.id === id);
  if (listing !== undefined) return toAdminModel(listing);
  throw new ApiError(404, { message: `${id} isn't on this server any more.`, code: "model_not_found" });
}

function toAdminModel({
  id,
  status,
  bytes,
  builtin,
  contextLength,
  loadingMs,
  loadedFraction,
}: ModelListing): AdminModel {
  return {
    ...{ id, status, size_bytes: bytes, builtin },
    context_length: contextLength ?? null,
    loading_ms: loadingMs ?? null,
    loaded_fraction: loadedFraction ?? null,
  };
}
