import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import {
  CATALOG,
  DEFAULT_MODEL,
  findInCatalog,
  fitsInMemory,
  IzwiError,
  listModels,
  listPartials,
  memoryNeeds,
  modelsDirectory,
  pullModel,
  removeModel,
  usableMemory,
  type CatalogEntry,
  type PartialModel,
  type RemovedModel,
} from "@izwi/core";
import { silentLogger } from "./logger.js";
import { ModelPull, type PullStatus } from "./model-pull.js";
import type { ModelFile } from "./model-loader.js";
import type { ModelPool } from "./model-pool.js";
import { ApiError, toApiError } from "./openai/errors.js";
import type { Logger } from "./route-context.js";

export interface ModelLibraryOptions {
  /** Whose models they are: nothing is removed that the pool has in use. */
  pool: Pick<ModelPool, "remove">;
  /** Default: as `@izwi/core` has it. */
  modelsDir?: string | undefined;
  log?: Logger;
  /** Brings a model into the models directory. Default: `pullModel`. */
  pull?: typeof pullModel;
}

/** A model that can be pulled by name, and what it means for this machine. */
export interface CatalogListing {
  entry: CatalogEntry;
  /** The one that answers where nobody chose another. */
  recommended: boolean;
  installed: boolean;
  /** Memory for a conversation of usual length. */
  neededBytes: number;
  fits: boolean;
}

/** What there is to be had, and what is on its way. */
export interface LibraryListing {
  models: CatalogListing[];
  pulls: { name: string; status: PullStatus }[];
  /** What interrupted pulls left; the next pull goes on with it. */
  unfinished: PartialModel[];
  memoryBytes: number;
  /** Undefined where the disk doesn't tell. */
  freeDiskBytes: number | undefined;
}

/** Brings models onto this machine and takes them away again, for the server's owner. */
export class ModelLibrary {
  readonly #pool: Pick<ModelPool, "remove">;
  readonly #where: { modelsDir?: string | undefined };
  readonly #log: Logger;
  readonly #pullModel: typeof pullModel;
  readonly #pulls = new Map<string, ModelPull>();
  /** Names that pulls were asked for with, by the places of their models. A part on the disk tells its place only. */
  readonly #names = new Map<string, string>();
  #closed = false;

  constructor({ pool, modelsDir, log = silentLogger, pull = pullModel }: ModelLibraryOptions) {
    this.#pool = pool;
    this.#where = { modelsDir };
    this.#log = log;
    this.#pullModel = pull;
  }

  async list(): Promise<LibraryListing> {
    const directory = modelsDirectory(this.#where.modelsDir);
    const [installed, partials, freeDiskBytes] = await Promise.all([
      listModels(this.#where),
      listPartials(this.#where),
      freeSpace(directory),
    ]);
    const models = CATALOG.map((entry) => {
      const neededBytes = memoryNeeds(entry).totalBytes;
      return {
        entry,
        recommended: entry.id === DEFAULT_MODEL,
        installed: installed.some((model) => model.entry === entry),
        neededBytes,
        fits: fitsInMemory(neededBytes),
      };
    });
    return {
      models,
      pulls: [...this.#pulls.values()].map(({ name, status }) => ({ name, status })),
      unfinished: partials
        .map((part) => ({ ...part, id: this.#names.get(placeOf(part.id)) ?? part.id }))
        .filter(({ id }) => !this.#pulls.has(id)),
      memoryBytes: usableMemory(),
      freeDiskBytes,
    };
  }

  /** Begins to pull a model, or joins the pull that is under way. */
  pull(name: string): ModelPull {
    if (this.#closed) throw new IzwiError("CLOSED", "The server is shutting down.");
    const key = keyOf(name);
    const running = this.#pulls.get(key);
    if (running !== undefined) return running;
    refuseAddress(key);
    const pull = new ModelPull(key, (options) => this.#pullModel(key, { ...this.#where, ...options }));
    this.#pulls.set(key, pull);
    this.#names.set(placeOf(key), key);
    this.#log.info("pull.started", { model: key });
    pull.finished.then(
      ({ id }) => this.#end(key, () => this.#log.info("pull.finished", { model: id })),
      (error: unknown) => this.#end(key, () => this.#logFailure(key, error)),
    );
    return pull;
  }

  /** The pull that is under way; `pull_not_found` where there is none. */
  running(name: string): ModelPull {
    const pull = this.#pulls.get(keyOf(name));
    if (pull !== undefined) return pull;
    throw new ApiError(404, { message: `${name} isn't being pulled.`, code: "pull_not_found" });
  }

  /** Ends a pull for everybody, and waits until it has ended. */
  async cancel(name: string): Promise<void> {
    const pull = this.running(name);
    const message = `The pull of ${pull.name} was cancelled. Another one goes on from there.`;
    pull.cancel(new ApiError(409, { message, code: "pull_cancelled" }));
    await pull.finished.catch(() => undefined);
  }

  /** Deletes a model, or what an interrupted pull of it has left. */
  async remove(name: string): Promise<RemovedModel> {
    const key = keyOf(name);
    if (this.#pulls.has(key)) throw busy(`${key} is being pulled. Cancel that first.`, "model_busy");
    let outcome: { id: string; removed?: RemovedModel };
    try {
      outcome = await this.#pool.remove(name, (file) => this.#erase(file));
    } catch (error) {
      // Perhaps there is a part of it.
      if (error instanceof IzwiError && error.code === "MODEL_NOT_FOUND") return removeModel(name, this.#where);
      throw error;
    }
    const { id, removed } = outcome;
    if (removed === undefined) throw busy(`${id} is in use: try again when its requests have ended.`, "model_in_use");
    this.#log.info("model.removed", { model: id });
    return removed;
  }

  /** Ends all pulls; their parts stay. */
  async close(): Promise<void> {
    this.#closed = true;
    const pulls = [...this.#pulls.values()];
    for (const pull of pulls) {
      const message = `The server was stopped. Another pull of ${pull.name} goes on from there.`;
      pull.cancel(new ApiError(503, { message, code: "shutting_down" }));
    }
    await Promise.all(pulls.map(({ finished }) => finished.catch(() => undefined)));
  }

  /** The file that the pool means, and no other one of that name. */
  async #erase({ id, path }: ModelFile): Promise<RemovedModel> {
    const installed = (await listModels(this.#where)).find((model) => model.path === path);
    if (installed !== undefined) return removeModel(installed.id, this.#where);
    throw new IzwiError("INVALID_REQUEST", `${id} lies outside the models directory and can't be removed here.`);
  }

  #end(key: string, log: () => void): void {
    this.#pulls.delete(key);
    log();
  }

  #logFailure(model: string, error: unknown): void {
    const { code, message } = toApiError(error).body;
    this.#log[code === "pull_cancelled" ? "info" : "warn"]("pull.failed", { model, code: code ?? undefined, message });
  }
}

/** The same for all names of one model of the catalogue. */
function keyOf(name: string): string {
  return findInCatalog(name)?.id ?? name.trim();
}

/** The letters and digits of a model's folder: for the hub's models, those of the repository. */
function placeOf(name: string): string {
  const [, repository] = /^(?:hf:|https:\/\/[\w.]+)\/*([^/]+\/[^/:@]+)/i.exec(name) ?? [];
  return (repository ?? name).toLowerCase().replace(/[^a-z0-9]/g, "");
}

/**
 * The hub's own addresses are fine. Any other one would have this machine ask whatever the caller names, perhaps where
 * the caller himself can't reach.
 */
function refuseAddress(name: string): void {
  if (!/^[a-z]+:\/\//i.test(name) || /^(?:hf|https:\/\/(?:www\.)?(?:huggingface|hf)\.co)[:/]/i.test(name)) return;
  const message = `${name} can't be pulled over HTTP. Give a name of the catalogue or hf:organization/repository; izwi pull takes addresses.`;
  throw new IzwiError("INVALID_REQUEST", message);
}

const busy = (message: string, code: string): ApiError => new ApiError(409, { message, code });

/** What is free on the disk of a folder, or of the first of those above it that exists. */
async function freeSpace(directory: string): Promise<number | undefined> {
  const disk = await statfs(directory).catch(() => undefined);
  if (disk !== undefined) return disk.blocks === 0 ? undefined : disk.bavail * disk.bsize;
  const above = dirname(directory);
  return above === directory ? undefined : freeSpace(above);
}
