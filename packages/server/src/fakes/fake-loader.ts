import { IzwiError, type LoadProgress, type ModelInfo } from "@izwi/core";
import type { ModelFile, ModelLoader, OwnedModel } from "../model-loader.js";

/** A loaded model that only knows what it is, and whether it was closed while somebody still used it. */
export class FakeModel {
  closed = false;
  readonly #onClose: () => Promise<void>;
  readonly info: ModelInfo;

  constructor(id: string, weightsBytes: number, file: FakeFile, onClose: () => Promise<void>) {
    this.#onClose = onClose;
    this.info = {
      id,
      builtin: false,
      path: `/models/${id}.gguf`,
      name: id,
      architecture: "qwen3",
      quantization: "Q8_0",
      parameterCount: 1000,
      fileBytes: 1000,
      contextLength: 512,
      trainedContextLength: 512,
      vocabSize: 256,
      blockSize: 16,
      backend: "cpu",
      device: "cpu",
      isa: "scalar",
      threads: 1,
      loadMs: 1,
      hiddenSize: 64,
      weightsBytes,
      scratchBytes: 0,
      kvCacheBytes: file.kvCacheBytes ?? 0,
      contextShortened: file.contextShortened ?? false,
      kvCacheType: "f16",
    };
  }

  stats() {
    return {
      prefilledTokens: 0,
      cachedTokens: 0,
      decodedTokens: 0,
      steps: 0,
      draftedTokens: 5,
      acceptedTokens: 3,
      modelDraftedTokens: 2,
      modelAcceptedTokens: 1,
      preemptions: 1,
      running: 1,
      waiting: 2,
      blocksFree: 5,
      blocksCached: 3,
      blocksTotal: 10,
    };
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.#onClose();
  }
}

export interface FakeFile {
  bytes?: number;
  kvCacheBytes?: number;
  contextShortened?: boolean;
}

/** Models by name, loaded as fast or as slowly as a test wants. */
export class FakeLoader implements ModelLoader {
  readonly files: Record<string, FakeFile>;
  /** Every model that was loaded, in order. */
  readonly loaded: FakeModel[] = [];
  loads = 0;
  /** Called in place of loading at once. */
  onLoad: (file: ModelFile, onProgress: (progress: LoadProgress) => void) => Promise<void> = async () => {};
  /** Called when a model is closed. */
  onClose: () => Promise<void> = async () => {};
  closes = 0;

  constructor(files: Record<string, FakeFile> = { a: {}, b: {}, c: {} }) {
    this.files = files;
  }

  async resolve(name: string, paths: boolean): Promise<ModelFile> {
    const id = paths && name.startsWith("/elsewhere/") ? name.slice("/elsewhere/".length) : name;
    const file = this.files[id];
    if (!file) throw new IzwiError("MODEL_NOT_FOUND", `No model is called "${name}".`);
    const path = name === id ? `/models/${id}.gguf` : name;
    return { id, path, bytes: file.bytes ?? 1000, created: 1_700_000_000, builtin: id === "builtin" };
  }

  defaultFile(): Promise<ModelFile> {
    return this.resolve(Object.keys(this.files)[0]!, false);
  }

  installed(): Promise<ModelFile[]> {
    return Promise.all(Object.keys(this.files).map((name) => this.resolve(name, false)));
  }

  async load(file: ModelFile, onProgress: (progress: LoadProgress) => void): Promise<OwnedModel> {
    this.loads++;
    await this.onLoad(file, onProgress);
    const model = new FakeModel(file.id, file.bytes, this.files[file.id]!, () => {
      this.closes++;
      return this.onClose();
    });
    this.loaded.push(model);
    return model as unknown as OwnedModel;
  }

  /** The models that are loaded now. */
  get open(): string[] {
    return this.loaded.filter(({ closed }) => !closed).map(({ info }) => info.id);
  }
}
