import { loadModel, resolveModel, type LoadModelOptions, type Model, type ResolvedModel } from "@izwi/core";
import { abortable } from "../abort.js";

export type LoadOptions = Pick<
  LoadModelOptions,
  | "backend"
  | "threads"
  | "contextLength"
  | "maxRunning"
  | "maxWaiting"
  | "speculation"
  | "draftModel"
  | "kvCacheType"
  | "modelsDir"
>;

/** What sessions use of a loaded model; tests pass a fake. */
export type LocalModel = Pick<
  Model,
  "info" | "chat" | "tokenize" | "applyTemplate" | "saveCache" | "loadCache" | "close"
>;

/** The right to use a loaded model. */
export interface ModelLease {
  readonly model: LocalModel;
  readonly resolved: ResolvedModel;
  /** Gives it back; the last one closes the model. May be called again. */
  release(): Promise<void>;
}

interface Shared {
  loading: Promise<LocalModel>;
  /** Gives up loading. */
  giveUp: AbortController;
  users: number;
}

type Load = (path: string, options: LoadModelOptions) => Promise<LocalModel>;

/** Loads each file once, however many sessions use it with the same options, and closes it after the last of them. */
export class SharedModels {
  readonly #load: Load;
  readonly #shared = new Map<string, Shared>();

  constructor(load: Load = loadModel) {
    this.#load = load;
  }

  /** @param signal waits no longer; the load is given up when nobody waits for it any more */
  async acquire(name: string, options: LoadOptions, signal?: AbortSignal): Promise<ModelLease> {
    const resolved = await resolveModel(name, { modelsDir: options.modelsDir });
    const draft = options.draftModel && (await resolveModel(options.draftModel, { modelsDir: options.modelsDir })).path;
    const loadOptions = withoutNames({ ...options, ...(draft && { draftModel: draft }) });
    const key = JSON.stringify([resolved.path, loadOptions]);
    const shared = this.#shared.get(key) ?? this.#start(resolved.path, loadOptions);
    this.#shared.set(key, shared);
    shared.users += 1;
    let held = true;
    const release = async (): Promise<void> => {
      if (!held) return;
      held = false;
      shared.users -= 1;
      if (shared.users > 0) return;
      if (this.#shared.get(key) === shared) this.#shared.delete(key);
      shared.giveUp.abort();
      const model = await shared.loading.catch(() => undefined);
      await model?.close();
    };
    try {
      const model = await (signal ? abortable(shared.loading, signal) : shared.loading);
      return { model, resolved, release };
    } catch (error) {
      // A failed load isn't kept: the next one tries again.
      if (!signal?.aborted && this.#shared.get(key) === shared) this.#shared.delete(key);
      release().catch(() => undefined);
      throw error;
    }
  }

  #start(path: string, options: LoadOptions): Shared {
    const giveUp = new AbortController();
    return { loading: this.#load(path, { ...options, signal: giveUp.signal }), giveUp, users: 0 };
  }
}

/** What makes a difference to a loaded model, in a fixed order. */
function withoutNames({
  backend,
  threads,
  contextLength,
  maxRunning,
  maxWaiting,
  speculation,
  draftModel,
  kvCacheType,
}: LoadOptions): LoadOptions {
  const known = Object.entries({
    backend,
    threads,
    contextLength,
    maxRunning,
    maxWaiting,
    speculation,
    draftModel,
    kvCacheType,
  });
  return Object.fromEntries(known.filter(([, value]) => value !== undefined));
}

/** The models that sessions of this process share. */
export const sharedModels = new SharedModels();
