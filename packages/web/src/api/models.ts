import { call, isRecord } from "./http.js";

export type ModelStatus = "downloaded" | "loading" | "ready" | "error";

/** A model on the server's machine. */
export interface Model {
  id: string;
  status: ModelStatus;
  bytes: number;
  builtin: boolean;
  /** Most tokens of a conversation; known of loaded models. */
  contextLength: number | undefined;
  /** When the load that is under way began, in milliseconds since 1970. */
  loadingSince: number | undefined;
  /** Of its weights, what is ready, from 0 to 1; while it is being loaded, once the server knows. */
  loadedFraction: number | undefined;
}

/** The installed models: loaded ones first, then by name. */
export async function listModels(signal?: AbortSignal): Promise<Model[]> {
  const body: unknown = await (await call("/v1/models", { signal })).json();
  const data: unknown = isRecord(body) ? body["data"] : undefined;
  const models = (Array.isArray(data) ? data : []).filter(isRecord).map(toModel);
  return models.sort((a, b) => rank(a) - rank(b) || (a.id < b.id ? -1 : 1));
}

/** Has the server load a model, and waits until it's ready. */
export async function loadModel(id: string): Promise<void> {
  await call(`/v1/admin/models/${encodeURIComponent(id)}/load?wait=true`, { method: "POST" });
}

/** Has the server give back a model's memory. Fails while requests use the model. */
export async function unloadModel(id: string): Promise<void> {
  await call(`/v1/admin/models/${encodeURIComponent(id)}/unload`, { method: "POST" });
}

function toModel(entry: Record<string, unknown>): Model {
  const { id, status, size_bytes: bytes, builtin, max_model_len: contextLength } = entry;
  const { loading_ms: loadingMs, loaded_fraction: loadedFraction } = entry;
  return {
    id: String(id),
    status: status === "ready" || status === "loading" || status === "error" ? status : "downloaded",
    bytes: typeof bytes === "number" ? bytes : 0,
    builtin: builtin === true,
    contextLength: typeof contextLength === "number" ? contextLength : undefined,
    loadingSince: typeof loadingMs === "number" ? Date.now() - loadingMs : undefined,
    loadedFraction: typeof loadedFraction === "number" ? loadedFraction : undefined,
  };
}

function rank({ status }: Model): number {
  return { ready: 0, loading: 1, downloaded: 2, error: 3 }[status];
}
