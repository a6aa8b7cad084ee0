import type { ChatBackend, ModelIdentity, OpenBackend } from "./backends/backend.js";
import { openBackend, type BackendOptions } from "./backends/open.js";
import { loadCacheFile } from "./cache-file.js";

/** Gives back what a session that was forgotten without `close()` held. */
const forgotten = new FinalizationRegistry<Connection>((connection) => {
  connection.release().catch(() => undefined);
});

/** A session's way to its model: opened when it is first needed, closed once. */
export class Connection {
  readonly #options: BackendOptions;
  readonly #open: OpenBackend;
  readonly #giveUp = new AbortController();
  #opening: Promise<ChatBackend> | undefined;
  #opened: ChatBackend | undefined;
  #released = false;
  /** Taken back as soon as the model is loaded. */
  #cacheFile: string | undefined;

  constructor(options: BackendOptions) {
    this.#options = onlyBackendOptions(options);
    this.#open = () => openBackend(this.#options, this.#giveUp.signal);
  }

  /** The loaded model's name; before that, the name it was asked for by. */
  get model(): string | undefined {
    return this.#opened?.model ?? this.#options.model;
  }

  backend(): Promise<ChatBackend> {
    this.#opening ??= this.#start();
    return this.#opening;
  }

  /** Another connection to the same model, which stays loaded for it. */
  share(): Connection {
    const shared = new Connection(this.#options);
    // Now, and not with its first send: this one may be closed by then.
    if (this.#opened !== undefined) shared.backend().catch(() => undefined);
    return shared;
  }

  /** A connection to the model of that name, by the same way: this one if it has it. */
  forModel(name: string | undefined): Connection {
    const mine = [this.#options.model, this.#opened?.model, this.#opened?.identity?.name];
    if (name === undefined || mine.includes(name)) return this;
    return new Connection({ ...this.#options, model: name });
  }

  /** The model, if it is loaded. */
  get opened(): ChatBackend | undefined {
    return this.#opened;
  }

  /** Has the model take back what was computed of a saved conversation: now, or when it is loaded. */
  async restore(cacheFile: string): Promise<void> {
    if (this.#opened) await loadCacheFile(cacheFile, this.#opened);
    else this.#cacheFile = cacheFile;
  }

  /** What a file is to say of the model; undefined as long as neither name nor model is known. */
  async identity(): Promise<ModelIdentity | undefined> {
    const backend = await this.#opening?.catch(() => undefined);
    if (backend) return backend.identity ?? { name: backend.model };
    return this.#options.model === undefined ? undefined : { name: this.#options.model };
  }

  /** Releases the model also when `owner` is collected without having been closed. */
  bind(owner: object): void {
    forgotten.register(owner, this, this);
  }

  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    forgotten.unregister(this);
    if (this.#opened !== undefined) return this.#opened.release();
    // A model that is still loading isn't waited for, and given back if it comes all the same.
    this.#giveUp.abort();
    this.#opening?.then((late) => late.release()).catch(() => undefined);
  }

  async #start(): Promise<ChatBackend> {
    try {
      const backend = await this.#open();
      this.#opened = backend;
      if (this.#cacheFile !== undefined) await loadCacheFile(this.#cacheFile, backend);
      this.#cacheFile = undefined;
      return backend;
    } catch (error) {
      // The next send tries again: the file may be there by then.
      this.#opening = undefined;
      throw error;
    }
  }
}

/**
 * Leaves out a session's tools and functions, which may refer to the session: then it would never be collected, as long
 * as this is waiting for that.
 */
function onlyBackendOptions(options: BackendOptions): BackendOptions {
  const { model, baseUrl, apiKey, headers, chatBackend, modelsDir } = options;
  const { backend, threads, contextLength, maxRunning, maxWaiting, speculation, draftModel, kvCacheType } = options;
  const remote = { model, baseUrl, apiKey, headers, chatBackend };
  const how = { backend, threads, contextLength, maxRunning, maxWaiting, speculation, draftModel, kvCacheType };
  const local = { modelsDir, ...how };
  return Object.fromEntries(Object.entries({ ...remote, ...local }).filter(([, value]) => value !== undefined));
}
