import { IzwiError, type LoadProgress } from "@izwi/core";
import { fits, memoryOf, neededBytes, noRoom, systemMemory, type Memory } from "./memory.js";
import { coreLoader, type ModelFile, type ModelLoader, type OwnedModel } from "./model-loader.js";
import type { ModelAdmin, ModelLease, ModelListing, ModelSource, ModelStatus, ServedModel } from "./model-source.js";
import type { Logger } from "./route-context.js";
import { abortable, throwIfAborted } from "./abort.js";
import { silentLogger } from "./logger.js";

export interface ModelPoolOptions {
  /** Default: `@izwi/core` and its models directory. */
  loader?: ModelLoader;
  /** How long a model that nobody uses stays loaded; 0 unloads at once, Infinity never. Default: five minutes. */
  keepAliveMs?: number;
  /** The model that answers where nobody names one. Default: the first preloaded one, else the loader's. */
  defaultModel?: string;
  log?: Logger;
  memory?: Memory;
}

/** A model that the pool has to do with at this moment. */
export interface PooledModel {
  id: string;
  status: Exclude<ModelStatus, "downloaded">;
  /** Requests that use it or wait for it. */
  leases: number;
  /** When it will be unloaded, in ms since 1970, if it stays unused. */
  expiresAt?: number;
  error?: string;
  model?: ServedModel;
}

const KEEP_ALIVE_MS = 5 * 60_000;
/** How long a failed load is shown as the model's status; the next request tries again in any case. */
const ERROR_SHOWN_MS = 60_000;

/** One model's place in the pool; there is one for each file. */
interface Slot {
  readonly file: ModelFile;
  state: "loading" | "ready" | "unloading" | "error";
  leases: number;
  lastUsed: number;
  /** What it takes, or is about to take; 0 until there is room for it. */
  bytes: number;
  /** Settles when the present load or unload is over. */
  change: Promise<unknown>;
  model?: OwnedModel;
  /** When the last load began, as `performance.now()` has it. */
  loadingSince?: number;
  /** How far that load is, once that is known. */
  progress?: LoadProgress;
  timer?: NodeJS.Timeout;
  expiresAt?: number;
  error?: IzwiError;
}

/**
 * Loads models when they are asked for, keeps them while they are used and a while longer, and unloads the least
 * recently used ones when memory is short. A model is never unloaded while somebody holds a lease.
 */
export class ModelPool implements ModelSource, ModelAdmin, AsyncDisposable {
  readonly #loader: ModelLoader;
  readonly #keepAliveMs: number;
  readonly #defaultModel: string | undefined;
  readonly #log: Logger;
  readonly #memory: Memory;
  readonly #slots = new Map<string, Slot>();
  /** Files named by this program's owner, who may name any file; by the names that requests may use for them. */
  readonly #configured = new Map<string, ModelFile>();
  /** What models take, by file: known once a file was loaded. */
  readonly #knownBytes = new Map<string, number>();
  /** Room is made for one load at a time, so that two don't each unload a model where one would do for both. */
  #room: Promise<unknown> = Promise.resolve();
  #onIdle = new Set<() => void>();
  #closing: Promise<void> | undefined;

  constructor(options: ModelPoolOptions = {}) {
    this.#loader = options.loader ?? coreLoader();
    this.#keepAliveMs = options.keepAliveMs ?? KEEP_ALIVE_MS;
    this.#defaultModel = options.defaultModel;
    this.#log = options.log ?? silentLogger;
    this.#memory = options.memory ?? systemMemory;
  }

  /**
   * Makes models known that may lie anywhere: each is a name or a path. The first one is the default model unless
   * another was chosen. Throws `MODEL_NOT_FOUND` and loads nothing.
   */
  async configure(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const file = await this.#loader.resolve(name, true);
      for (const known of [name, file.id]) if (!this.#configured.has(known)) this.#configured.set(known, file);
    }
  }

  /** Loads models before anybody asks, one after the other. Throws what the first failing load throws. */
  async preload(names: readonly string[]): Promise<void> {
    await this.configure(names);
    for (const name of names) (await this.acquire(name)).release();
  }

  async acquire(name: string | undefined, signal?: AbortSignal): Promise<ModelLease> {
    this.#refuseWhenClosing();
    throwIfAborted(signal);
    for (;;) {
      // Each time anew: what was waited for may have been the file's removal.
      const file = await this.#find(name);
      this.#refuseWhenClosing();
      const slot = this.#slots.get(file.path);
      if (slot?.state !== "unloading") return this.#lease(slot ?? this.#addSlot(file), signal);
      await abortable(slot.change, signal);
    }
  }

  /** The model stays for as long as one that was just used. */
  async load(name: string): Promise<{ id: string; loaded: Promise<void> }> {
    const { id } = await this.#find(name);
    const loaded = this.acquire(name).then((lease) => lease.release());
    // The caller may not wait; then the failure is in the log and in the model's status.
    loaded.catch(() => undefined);
    return { id, loaded };
  }

  async unload(name: string): Promise<{ id: string; unloaded: boolean }> {
    const { id, path } = await this.#find(name);
    const slot = this.#slots.get(path);
    if (slot === undefined) return { id, unloaded: true };
    if (slot.leases > 0 || slot.state === "loading") return { id, unloaded: false };
    if (slot.state === "error") this.#slots.delete(path);
    else await (slot.state === "unloading" ? slot.change : this.#unload(slot, "request"));
    return { id, unloaded: true };
  }

  /**
   * Has a model's file erased while it isn't loaded and nobody can load it; whoever asks for it meanwhile waits. Erases
   * nothing while requests use it.
   */
  async remove<T>(name: string, erase: (file: ModelFile) => Promise<T>): Promise<{ id: string; removed?: T }> {
    const file = await this.#find(name);
    const { id, path } = file;
    if (file.builtin) throw new IzwiError("INVALID_REQUEST", `${id} is a part of Izwi and can't be removed.`);
    const { unloaded } = await this.unload(name);
    if (!unloaded || this.#slots.has(path)) return { id };
    const erasing = erase(file);
    const slot = this.#addSlot(file);
    slot.state = "unloading";
    slot.change = erasing.catch(() => undefined);
    try {
      const removed = await erasing;
      for (const [known, { path: other }] of this.#configured) if (other === path) this.#configured.delete(known);
      return { id, removed };
    } finally {
      this.#slots.delete(path);
    }
  }

  async list(): Promise<ModelListing[]> {
    const files = new Map<string, ModelFile>();
    for (const file of [...(await this.#loader.installed()), ...this.#configured.values()]) {
      if (!files.has(file.path)) files.set(file.path, file);
    }
    return [...files.values()].map(({ id, created, builtin, bytes, path }) => {
      const { model, loadingSince, progress } = this.#slots.get(path) ?? {};
      const status = this.#status(path);
      return {
        ...{ id, created, builtin, bytes, status },
        ...(model && { contextLength: model.info.contextLength }),
        ...(status === "loading" && loadingSince !== undefined && { loadingMs: since(loadingSince) }),
        ...(status === "loading" && progress && { loadedFraction: progress.loadedBytes / progress.totalBytes }),
      };
    });
  }

  /** What is loaded, being loaded, or failed to load a moment ago. */
  models(): PooledModel[] {
    return [...this.#slots.values()].flatMap((slot) => {
      const status = this.#status(slot.file.path);
      if (status === "downloaded") return [];
      const { file, leases, model, expiresAt, error } = slot;
      return {
        id: file.id,
        status,
        leases,
        ...(model && { model }),
        ...(expiresAt !== undefined && { expiresAt }),
        ...(status === "error" && error && { error: error.message }),
      };
    });
  }

  /** Hands out nothing more, waits until the last lease is given back, and unloads everything. */
  close(): Promise<void> {
    this.#closing ??= this.#drain();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #refuseWhenClosing(): void {
    if (this.#closing) throw new IzwiError("CLOSED", "The server is shutting down.");
  }

  async #find(name: string | undefined): Promise<ModelFile> {
    if (name !== undefined) return this.#configuredFile(name) ?? this.#loader.resolve(name, false);
    // The owner's choice may be a path.
    if (this.#defaultModel !== undefined) return this.#loader.resolve(this.#defaultModel, true);
    const [first] = this.#configured.values();
    return first ?? this.#loader.defaultFile();
  }

  /** Names are compared as @izwi/core does: by letters and digits. */
  #configuredFile(name: string): ModelFile | undefined {
    const asked = plain(name);
    for (const [known, file] of this.#configured) if (plain(known) === asked) return file;
    return undefined;
  }

  #addSlot(file: ModelFile): Slot {
    const slot: Slot = { file, state: "error", leases: 0, lastUsed: Date.now(), bytes: 0, change: Promise.resolve() };
    this.#slots.set(file.path, slot);
    return slot;
  }

  /** The lease counts from the beginning of a load, so that nothing happens to the model between load and use. */
  async #lease(slot: Slot, signal: AbortSignal | undefined): Promise<ModelLease> {
    slot.leases++;
    this.#keep(slot);
    let held = true;
    const release = () => {
      if (!held) return;
      held = false;
      slot.leases--;
      slot.lastUsed = Date.now();
      if (slot.leases === 0) this.#idle(slot);
    };
    try {
      if (slot.state === "error") slot.change = this.#load(slot);
      if (slot.state === "loading") await abortable(slot.change, signal);
      return { id: slot.file.id, model: slot.model!, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  async #load(slot: Slot): Promise<void> {
    slot.state = "loading";
    const { id, path } = slot.file;
    const startedAt = performance.now();
    slot.loadingSince = startedAt;
    delete slot.progress;
    this.#log.info("model.loading", { model: id });
    try {
      const model = await this.#loadWithRoom(slot);
      slot.model = model;
      slot.state = "ready";
      slot.bytes = memoryOf(model.info);
      this.#knownBytes.set(path, slot.bytes);
      const { backend, device, threads, contextLength, contextShortened, trainedContextLength } = model.info;
      this.#log.info("model.ready", { model: id, ms: since(startedAt), backend, device, threads, contextLength });
      if (contextShortened)
        this.#log.warn("model.context-shortened", { model: id, contextLength, trainedContextLength });
    } catch (error) {
      slot.error = error instanceof IzwiError ? error : new IzwiError("INTERNAL", String(error), { cause: error });
      slot.state = "error";
      slot.bytes = 0;
      slot.lastUsed = Date.now();
      this.#log.error("model.failed", { model: id, code: slot.error.code, message: slot.error.message });
      throw slot.error;
    } finally {
      // Whoever wanted it may have left meanwhile.
      if (slot.leases === 0) this.#idle(slot);
    }
  }

  /** Loads, and where the estimate was too low after all, unloads others one by one. */
  async #loadWithRoom(slot: Slot): Promise<OwnedModel> {
    await this.#reserve(slot);
    for (;;) {
      try {
        return await this.#loader.load(slot.file, (progress) => (slot.progress = progress));
      } catch (error) {
        const victim = isOutOfMemory(error) ? this.#leastRecentlyUsed() : undefined;
        if (!victim) throw error;
        await this.#unload(victim, "memory");
      }
    }
  }

  #reserve(slot: Slot): Promise<void> {
    const reserved = this.#room.then(() => this.#makeRoom(slot));
    this.#room = reserved.catch(() => undefined);
    return reserved;
  }

  async #makeRoom(slot: Slot): Promise<void> {
    const needed = this.#knownBytes.get(slot.file.path) ?? neededBytes(slot.file.bytes);
    while (!fits(needed, this.#takenBytes(), this.#memory)) {
      const victim = this.#leastRecentlyUsed();
      if (!victim) throw noRoom(slot.file.id, needed, this.#takenBytes(), this.#memory);
      await this.#unload(victim, "memory");
    }
    slot.bytes = needed;
  }

  #takenBytes(): number {
    return [...this.#slots.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  #leastRecentlyUsed(): Slot | undefined {
    const idle = [...this.#slots.values()].filter(({ state, leases }) => state === "ready" && leases === 0);
    return idle.sort((a, b) => a.lastUsed - b.lastUsed)[0];
  }

  /** Nobody uses the slot any more. */
  #idle(slot: Slot): void {
    if (slot.state === "ready") this.#expire(slot);
    for (const notify of this.#onIdle) notify();
  }

  #expire(slot: Slot): void {
    if (this.#closing || this.#keepAliveMs === Infinity) return;
    if (this.#keepAliveMs === 0) return void this.#unload(slot, "keep-alive");
    this.#keep(slot);
    slot.expiresAt = Date.now() + this.#keepAliveMs;
    slot.timer = setTimeout(() => void this.#unload(slot, "keep-alive"), this.#keepAliveMs);
    slot.timer.unref();
  }

  #keep(slot: Slot): void {
    clearTimeout(slot.timer);
    delete slot.timer;
    delete slot.expiresAt;
  }

  #unload(slot: Slot, reason: "keep-alive" | "memory" | "request" | "shutdown"): Promise<void> {
    const model = slot.model!;
    this.#keep(slot);
    slot.state = "unloading";
    delete slot.model;
    const unloading = this.#closeModel(slot, model, reason);
    slot.change = unloading;
    return unloading;
  }

  async #closeModel(slot: Slot, model: OwnedModel, reason: string): Promise<void> {
    try {
      await model.close();
      this.#log.info("model.unloaded", { model: slot.file.id, reason });
    } catch (error) {
      this.#log.error("model.unload-failed", { model: slot.file.id, message: String(error) });
    } finally {
      this.#slots.delete(slot.file.path);
    }
  }

  #status(path: string): ModelStatus {
    const slot = this.#slots.get(path);
    if (!slot || slot.state === "unloading") return "downloaded";
    if (slot.state === "error" && Date.now() - slot.lastUsed >= ERROR_SHOWN_MS) return "downloaded";
    return slot.state;
  }

  async #drain(): Promise<void> {
    for (const slot of this.#slots.values()) this.#keep(slot);
    const busy = () => [...this.#slots.values()].some(({ state, leases }) => leases > 0 || state === "loading");
    while (busy()) await this.#nextIdle();
    const idle = [...this.#slots.values()].filter(({ state }) => state === "ready");
    for (const slot of idle) void this.#unload(slot, "shutdown");
    await Promise.all([...this.#slots.values()].map(({ change }) => change.catch(() => undefined)));
  }

  #nextIdle(): Promise<void> {
    return new Promise((resolve) => {
      const notify = () => {
        this.#onIdle.delete(notify);
        resolve();
      };
      this.#onIdle.add(notify);
    });
  }
}

const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "");
const since = (startedAt: number): number => Math.round(performance.now() - startedAt);
const isOutOfMemory = (error: unknown): boolean => error instanceof IzwiError && error.code === "OUT_OF_MEMORY";
