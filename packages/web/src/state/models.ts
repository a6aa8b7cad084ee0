import { computed, effect, signal } from "@preact/signals";
import { listModels, loadModel, unloadModel, type Model } from "../api/models.js";
import { noteFailure, whenBack } from "./connection.js";
import { notify } from "./notices.js";

export const models = signal<readonly Model[]>([]);
export const modelsKnown = signal(false);

/** Models that this page is having loaded, each with the time since when. */
const loading = signal<ReadonlyMap<string, number>>(new Map());

/** The model that answers where a conversation names none: a loaded one, else the best that isn't the built-in one. */
export const defaultModel = computed<Model | undefined>(
  () =>
    models.value.find(({ status }) => status === "ready") ??
    models.value.find(({ builtin }) => !builtin) ??
    models.value[0],
);

export function modelById(id: string | undefined): Model | undefined {
  return models.value.find((model) => model.id === id);
}

/** Since when the model has been loading, in milliseconds since 1970; undefined if it isn't. */
export function loadingSince(id: string): number | undefined {
  return loading.value.get(id) ?? modelById(id)?.loadingSince;
}

export async function refreshModels(): Promise<void> {
  try {
    models.value = await listModels();
    modelsKnown.value = true;
  } catch (error) {
    noteFailure(error);
  }
}

/** Has a model loaded ahead of its first question. */
export async function load(id: string): Promise<void> {
  if (modelById(id)?.status === "ready" || loading.peek().has(id)) return;
  loading.value = new Map([...loading.peek(), [id, Date.now()]]);
  try {
    await loadModel(id);
  } catch (error) {
    noteFailure(error);
    notify(error instanceof Error ? error.message : `${id} can't be loaded.`, { kind: "error" });
  } finally {
    loading.value = new Map([...loading.peek()].filter(([each]) => each !== id));
    await refreshModels();
  }
}

/** Gives back the memory that a model takes. */
export async function unload(id: string): Promise<void> {
  try {
    await unloadModel(id);
  } catch (error) {
    noteFailure(error);
    notify(error instanceof Error ? error.message : `${id} can't be unloaded.`, { kind: "error" });
  }
  await refreshModels();
}

/** How often the page asks how far a load is. */
const LOADING_REFRESH_MS = 400;

/** Asks in a moment how far the load is that somebody just caused. */
export function refreshSoon(): () => void {
  const timer = setTimeout(() => void refreshModels(), LOADING_REFRESH_MS);
  return () => clearTimeout(timer);
}

effect(() => {
  const busy = loading.value.size > 0 || models.value.some(({ status }) => status === "loading");
  return busy ? refreshSoon() : undefined;
});

whenBack(() => void refreshModels());
