import { CATALOG, type ChatRequest } from "@izwi/core";
import { resolve } from "node:path";
import type { BackendStream, ChatBackend, ModelIdentity } from "./backend.js";
import type { LocalModel, ModelLease } from "./shared-models.js";

/** A model that is loaded in this process. */
export class LocalBackend implements ChatBackend {
  readonly model: string;
  readonly identity: ModelIdentity;
  readonly #lease: ModelLease;

  /** @param name the name that the model was asked for by */
  constructor(lease: ModelLease, name: string) {
    this.#lease = lease;
    this.model = lease.resolved.id;
    this.identity = identityOf(lease, name);
  }

  contextLength(): Promise<number> {
    return Promise.resolve(this.#model.info.contextLength);
  }

  async countTokens(request: ChatRequest): Promise<number> {
    return this.#model.tokenize(this.#model.applyTemplate(request), { parseSpecial: true }).length;
  }

  chat(request: ChatRequest, { signal }: { signal: AbortSignal }): BackendStream {
    return this.#model.chat(request, { signal });
  }

  saveCache(path: string, request: ChatRequest): Promise<number> {
    return this.#model.saveCache(path, request);
  }

  loadCache(path: string): Promise<number> {
    return this.#model.loadCache(path);
  }

  release(): Promise<void> {
    return this.#lease.release();
  }

  get #model(): LocalModel {
    return this.#lease.model;
  }
}

/** A file that was given by its path is found again by its whole path, from any folder. */
function identityOf({ resolved, model }: ModelLease, name: string): ModelIdentity {
  const asked = resolve(name) === resolved.path ? resolved.path : name;
  const entry = CATALOG.find(({ id, bytes }) => id === resolved.id && bytes === model.info.fileBytes);
  return { name: asked, ...(entry && { sha256: entry.sha256 }) };
}
