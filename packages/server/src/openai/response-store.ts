import type { ChatMessage } from "@izwi/core";
import { ApiError } from "./errors.js";
import type { OutputItem, ResponseObject } from "./response-object.js";

/** A response that can be read and gone on from. */
export interface StoredResponse {
  response: ResponseObject;
  /** The whole conversation up to and with this response, without instructions. */
  messages: readonly ChatMessage[];
}

interface Entry extends StoredResponse {
  /** About how much memory this response takes beyond those before it. */
  size: number;
}

export interface ResponseStoreOptions {
  maxEntries?: number;
  /** Characters of all responses together. */
  maxSize?: number;
}

/** The latest responses, in memory. What hasn't been used for longest makes room for what is new. */
export class ResponseStore {
  readonly #maxEntries: number;
  readonly #maxSize: number;
  /** In order of use. */
  readonly #entries = new Map<string, Entry>();
  /** Which response an output item belongs to, by the item's id. */
  readonly #itemOwners = new Map<string, string>();
  #size = 0;

  constructor({ maxEntries = 1000, maxSize = 64 * 2 ** 20 }: ResponseStoreOptions = {}) {
    this.#maxEntries = maxEntries;
    this.#maxSize = maxSize;
  }

  get numEntries(): number {
    return this.#entries.size;
  }

  /** Throws a 404 for a response that isn't there, or not any more. */
  get(id: string, param: string | null = null): StoredResponse {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw notFound(`There is no response "${id}", or it's no longer kept.`, param);
    this.#entries.delete(id);
    this.#entries.set(id, entry);
    return entry;
  }

  /** An output item of a stored response. Throws a 404 for one that isn't there. */
  item(id: string, param: string): OutputItem {
    const owner = this.#itemOwners.get(id);
    const item = owner === undefined ? undefined : this.get(owner).response.output.find((item) => item.id === id);
    if (item === undefined) throw notFound(`There is no item "${id}", or it's no longer kept.`, param);
    return item;
  }

  /** `numNew`: how many of the messages came with this response. */
  put(response: ResponseObject, messages: readonly ChatMessage[], numNew: number): void {
    const size = JSON.stringify(response).length + JSON.stringify(messages.slice(-numNew)).length + 8 * messages.length;
    if (size > this.#maxSize) return;
    this.#entries.set(response.id, { response, messages, size });
    this.#size += size;
    for (const item of response.output) this.#itemOwners.set(item.id, response.id);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxEntries && this.#size <= this.#maxSize) break;
      this.#remove(oldest);
    }
  }

  /** Throws a 404 for a response that isn't there. */
  delete(id: string): void {
    this.get(id);
    this.#remove(id);
  }

  #remove(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    this.#size -= entry.size;
    for (const item of entry.response.output) this.#itemOwners.delete(item.id);
  }
}

function notFound(message: string, param: string | null): ApiError {
  return new ApiError(404, { message, param, code: "not_found" });
}
