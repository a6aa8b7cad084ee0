import { stat } from "node:fs/promises";
import {
  BUILTIN_MODEL,
  builtinModelPath,
  DEFAULT_MODEL,
  IzwiError,
  listModels,
  loadModel,
  resolveModel,
  type LoadModelOptions,
  type LoadProgress,
} from "@izwi/core";
import type { ServedModel } from "./model-source.js";

/** A model's file on this machine. */
export interface ModelFile {
  id: string;
  path: string;
  bytes: number;
  /** Modification time, in seconds since 1970. */
  created: number;
  builtin: boolean;
}

/** A model that its owner can close. */
export type OwnedModel = ServedModel & { close(): Promise<void> };

/** What a pool needs of the world: finding files and loading them. */
export interface ModelLoader {
  /**
   * The file that a name stands for, else a `MODEL_NOT_FOUND` error.
   *
   * @param paths false: only names count. For names that come over the network.
   */
  resolve(name: string, paths: boolean): Promise<ModelFile>;
  /** The file that answers where nobody names one. */
  defaultFile(): Promise<ModelFile>;
  /** Every installed file, the built-in one included. */
  installed(): Promise<ModelFile[]>;
  load(file: ModelFile, onProgress: (progress: LoadProgress) => void): Promise<OwnedModel>;
}

/** Models from the models directory, loaded by `@izwi/core`. */
export function coreLoader(options: Omit<LoadModelOptions, "signal" | "onProgress"> = {}): ModelLoader {
  const { modelsDir } = options;
  const resolve = async (name: string, paths: boolean) => modelFile(await resolveModel(name, { modelsDir, paths }));
  return {
    resolve,
    async defaultFile() {
      try {
        return await resolve(DEFAULT_MODEL, false);
      } catch (error) {
        // The small model answers while no real one is installed, as in `izwi chat`.
        if (error instanceof IzwiError && error.code === "MODEL_NOT_FOUND") return resolve(BUILTIN_MODEL, false);
        throw error;
      }
    },
    async installed() {
      const found = await listModels({ modelsDir });
      const builtin = { id: BUILTIN_MODEL, path: builtinModelPath(), builtin: true };
      const all = [...found.map(({ id, path }) => ({ id, path, builtin: false })), builtin];
      // A file that went away since it was listed isn't installed any more.
      const files = await Promise.all(all.map((model) => modelFile(model).catch(() => undefined)));
      return files.filter((file) => file !== undefined);
    },
    load: (file, onProgress) => loadModel(file.path, { ...options, onProgress }),
  };
}

async function modelFile(model: { id: string; path: string; builtin: boolean }): Promise<ModelFile> {
  const { size, mtimeMs } = await stat(model.path);
  return { ...model, bytes: size, created: Math.floor(mtimeMs / 1000) };
}
