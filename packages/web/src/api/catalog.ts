import { eventData, piecesOf } from "./event-stream.js";
import { ApiFailure, call, isRecord, toFailure } from "./http.js";

/** A model that the server can bring onto its machine by name. */
export interface CatalogModel {
  id: string;
  license: string;
  bytes: number;
  /** Memory for a conversation of usual length. */
  neededBytes: number;
  fits: boolean;
  recommended: boolean;
  installed: boolean;
}

/** What a pull does, as the server names it. */
export type PullPhase =
  "starting" | "resolving" | "waiting" | "searching" | "linking" | "downloading" | "retrying" | "verifying";

/** A pull under way. */
export interface Pull {
  id: string;
  phase: PullPhase;
  bytes: number;
  totalBytes: number | undefined;
  bytesPerSecond: number;
  etaMs: number | undefined;
  /** Why something is tried again. */
  retryReason: string | undefined;
}

/** What a pull left that didn't come to its end. */
export interface Unfinished {
  id: string;
  bytes: number;
  totalBytes: number | undefined;
}

export interface Catalog {
  models: CatalogModel[];
  pulls: Pull[];
  unfinished: Unfinished[];
  memoryBytes: number;
  freeDiskBytes: number | undefined;
}

/** What there is to be had; undefined where the server brings nothing. */
export async function readCatalog(): Promise<Catalog | undefined> {
  let body: unknown;
  try {
    body = await (await call("/v1/admin/catalog")).json();
  } catch (error) {
    if (error instanceof ApiFailure && error.code === "unknown_url") return undefined;
    throw error;
  }
  if (!isRecord(body)) return undefined;
  return {
    models: recordsIn(body, "models").map(toCatalogModel),
    pulls: recordsIn(body, "pulls").map(toPull),
    unfinished: recordsIn(body, "unfinished").map((entry) => ({
      id: String(entry["id"]),
      bytes: Number(entry["bytes"]),
      totalBytes: numberOf(entry["total_bytes"]),
    })),
    memoryBytes: Number(body["memory_bytes"]),
    freeDiskBytes: numberOf(body["free_disk_bytes"]),
  };
}

/**
 * Has the server bring a model, or joins it in doing so, and tells how far it is. Leaving ends nothing. Returns the name
 * that the model has then; throws an `ApiFailure` where it can't be had.
 */
export function pullModel(id: string): AsyncGenerator<Pull, string> {
  return pullEvents(id, "POST");
}

/** As `pullModel`, and begins nothing. */
export function watchPull(id: string): AsyncGenerator<Pull, string> {
  return pullEvents(id, "GET");
}

export async function cancelPull(id: string): Promise<void> {
  await call(pathOf(id, "/pull"), { method: "DELETE" });
}

/** Has the server delete a model, or what is left of a pull. Returns how many bytes that freed. */
export async function removeModel(id: string): Promise<number> {
  const body: unknown = await (await call(pathOf(id), { method: "DELETE" })).json();
  return isRecord(body) ? (numberOf(body["freed_bytes"]) ?? 0) : 0;
}

const pathOf = (id: string, what = ""): string => `/v1/admin/models/${encodeURIComponent(id)}${what}`;

async function* pullEvents(id: string, method: "POST" | "GET"): AsyncGenerator<Pull, string> {
  const response = await call(pathOf(id, "/pull"), { method });
  if (response.body === null) throw new ApiFailure("interrupted", "The server says nothing about the download.");
  try {
    for await (const data of eventData(piecesOf(response.body))) {
      const event: unknown = JSON.parse(data);
      const failure = toFailure("refused", event);
      if (failure) throw failure;
      if (!isRecord(event)) continue;
      if (event["status"] === undefined) return String(event["id"]);
      yield toPull(event);
    }
  } catch (error) {
    if (error instanceof ApiFailure) throw error;
    throw new ApiFailure("interrupted", "The connection to the server was lost.", { cause: error });
  }
  throw new ApiFailure("interrupted", "The server broke off before the download was complete.");
}

function toPull(entry: Record<string, unknown>): Pull {
  const { retry } = entry;
  return {
    id: String(entry["id"]),
    phase: entry["status"] as PullPhase,
    bytes: Number(entry["bytes"]),
    totalBytes: numberOf(entry["total_bytes"]),
    bytesPerSecond: Number(entry["bytes_per_second"]),
    etaMs: numberOf(entry["eta_ms"]),
    retryReason: isRecord(retry) ? String(retry["reason"]) : undefined,
  };
}

function toCatalogModel(entry: Record<string, unknown>): CatalogModel {
  return {
    id: String(entry["id"]),
    license: String(entry["license"]),
    bytes: Number(entry["size_bytes"]),
    neededBytes: Number(entry["needed_memory_bytes"]),
    fits: entry["fits_in_memory"] === true,
    recommended: entry["recommended"] === true,
    installed: entry["installed"] === true,
  };
}

function recordsIn(body: Record<string, unknown>, name: string): Record<string, unknown>[] {
  const list: unknown = body[name];
  return Array.isArray(list) ? list.filter(isRecord) : [];
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
