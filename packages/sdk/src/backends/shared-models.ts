import { loadModel, resolveModel, type LoadModelOptions, type Model, type ResolvedModel } from "@izwi/core";

export type LoadOptions = Pick<
  LoadModelOptions,
  "backend" | "threads" | "contextLength" | "maxRunning" | "maxWaiting" | "modelsDir"
>;

/** What sessions use of a loaded model; tests pass a fake. */
export type LocalModel = Pick<Model, "info" | "chat" | "tokenize" | "applyTemplate" | "close">;

/** The right to use a loaded model. */
export interface ModelLease {
  readonly model: LocalModel;
  readonly resolved: ResolvedModel;
  /** Gives it back; the last one closes the model. May be called again. */
  release(): Promise<void>;
}

interface Shared {
  loading: Promise<LocalModel>;
  users: number;
}

/** Loads each file once, however many sessions use it with the same options, and closes it after the last of them. */
export class SharedModels {
  readonly #load: (path: string, options: LoadOptions) => Promise<LocalModel>;
  readonly #shared = new Map<string, Shared>();

  constructor(load: (path: string, options: LoadOptions) => Promise<LocalModel> = loadModel) {
    this.#load = load;
  }

  async acquire(name: string, options: LoadOptions): Promise<ModelLease> {
    const resolved = await resolveModel(name, { modelsDir: options.modelsDir });
    const { backend, threads, contextLength, maxRunning, maxWaiting } = options;
    const key = JSON.stringify([resolved.path, backend, threads, contextLength, maxRunning, maxWaiting]);
    const shared = this.#shared.get(key) ?? { loading: this.#load(resolved.path, options), users: 0 };
    this.#shared.set(key, shared);
    shared.users += 1;
    let held = true;
    const release = async (): Promise<void> => {
      if (!held) return;
      held = false;
      shared.users -= 1;
      if (shared.users > 0) return;
      if (this.#shared.get(key) === shared) this.#shared.delete(key);
      const model = await shared.loading.catch(() => undefined);
      await model?.close();
    };
    try {
      return { model: await shared.loading, resolved, release };
    } catch (error) {
      // A failed load isn't kept: the next one tries again.
      if (this.#shared.get(key) === shared) this.#shared.delete(key);
      await release();
      throw error;
    }
  }
}

/** The models that sessions of this process share. */
export const sharedModels = new SharedModels();
