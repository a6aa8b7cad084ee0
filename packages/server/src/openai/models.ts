import { findInCatalog, IzwiError } from "@izwi/core";
import { z } from "@hono/zod-openapi";
import type { ModelListing } from "../model-source.js";

/** What the field of that name says. */
export const LOADED_FRACTION = "Of its weights, what is ready, from 0 to 1; only while it is loading.";

/** A model that can be asked for. */
export const ModelObject = z
  .object({
    id: z.string(),
    object: z.literal("model"),
    created: z.int(),
    owned_by: z.string(),
    status: z.enum(["downloaded", "loading", "ready", "error"]),
    size_bytes: z.int(),
    builtin: z.boolean().openapi({ description: "True for the small model that comes with the software." }),
    max_model_len: z.int().optional().openapi({ description: "Most tokens of a conversation; of loaded models only." }),
    loading_ms: z.int().optional().openapi({ description: "For how long it has been loading; only while it is." }),
    loaded_fraction: z.number().min(0).max(1).optional().openapi({ description: LOADED_FRACTION }),
  })
  .openapi("Model");

export const ModelList = z.object({ object: z.literal("list"), data: z.array(ModelObject) }).openapi("ModelList");

export function toModelObject(listing: ModelListing): z.output<typeof ModelObject> {
  const { id, created, status, bytes, builtin, contextLength, loadingMs, loadedFraction } = listing;
  return {
    ...{ id, object: "model", created, owned_by: "izwi", status, size_bytes: bytes, builtin },
    ...(contextLength !== undefined && { max_model_len: contextLength }),
    ...(loadingMs !== undefined && { loading_ms: loadingMs }),
    ...(loadedFraction !== undefined && { loaded_fraction: loadedFraction }),
  };
}

/** The listed model of that name, in any of the spellings that a request may use. Throws `MODEL_NOT_FOUND`. */
export function findListing(name: string, models: readonly ModelListing[]): ModelListing {
  const entry = findInCatalog(name);
  const wanted = plain(entry?.id ?? name);
  const found = models.find(({ id, builtin }) => plain(id) === wanted || (builtin && plain(name) === "builtin"));
  if (found) return found;
  const names = models.map(({ id }) => id).join(", ");
  throw new IzwiError("MODEL_NOT_FOUND", `No model is called "${name}". There are: ${names || "none"}.`);
}

/** A name without what people write differently. */
function plain(name: string): string {
  return name
    .replace(/\.gguf$/i, "")
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "");
}
