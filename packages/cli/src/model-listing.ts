/** What is known of each model: those on this machine, and those that can be pulled by name. */
import { stat } from "node:fs/promises";
import type { CatalogEntry } from "@izwi/core";
import type { KvType } from "./args/options.js";
import type { Core } from "./core.js";

export interface ListedModel {
  id: string;
  status: "downloaded" | "downloading" | "not_downloaded";
  builtin: boolean;
  /** The whole file's size. */
  bytes: number;
  /** For `downloading`: what an interrupted or running pull has brought. */
  downloadedBytes?: number;
  /** Where the file is; for `downloading`, where it will be. */
  path?: string;
  repository?: string;
  revision?: string;
  file?: string;
  license?: string;
  sha256?: string;
  /** What it needs to answer, where that is known. */
  memoryBytes?: number;
  fitsInMemory?: boolean;
}

export interface ListingOptions {
  modelsDir: string | undefined;
  /** Without what the catalogue has besides. */
  local: boolean;
  /** Of the KV cache that models are loaded with. */
  kvCacheType: KvType | undefined;
}

/** Installed ones first, the built-in one as the last of them; then what the catalogue has besides. */
export async function listing(core: Core, { modelsDir, local, kvCacheType }: ListingOptions): Promise<ListedModel[]> {
  const installed = await core.listModels({ modelsDir });
  const models = installed.map(({ id, path, bytes, entry, source }): ListedModel => {
    const facts =
      entry === undefined ? memoryFacts(core, { bytes, kvBytesPerToken: 0 }) : catalogFacts(core, entry, kvCacheType);
    const { repository, revision, file, license, sha256 } = source ?? {};
    const known = given({ repository, revision, file, license, sha256 });
    return { ...facts, ...known, id, status: "downloaded", builtin: false, bytes, path };
  });
  const builtin = await builtinModel(core);
  const there = [...models, ...builtin, ...(await partialModels(core, modelsDir, models, kvCacheType))];
  if (local) return there;
  const rest = core.CATALOG.filter((entry) => !there.some(({ id }) => id === entry.id));
  return [...there, ...rest.map((entry) => catalogModel(core, entry, kvCacheType))];
}

/** A model of the catalogue that isn't on this machine. */
export function catalogModel(core: Core, entry: CatalogEntry, kvCacheType: KvType | undefined): ListedModel {
  return {
    ...catalogFacts(core, entry, kvCacheType),
    id: entry.id,
    status: "not_downloaded",
    builtin: false,
    bytes: entry.bytes,
  };
}

async function builtinModel(core: Core): Promise<ListedModel[]> {
  const path = core.builtinModelPath();
  const file = await stat(path).catch(() => undefined);
  if (file === undefined) return [];
  const facts = memoryFacts(core, { bytes: file.size, kvBytesPerToken: 0 });
  return [{ ...facts, id: core.BUILTIN_MODEL, status: "downloaded", builtin: true, bytes: file.size, path }];
}

async function partialModels(
  core: Core,
  modelsDir: string | undefined,
  whole: ListedModel[],
  kvCacheType: KvType | undefined,
): Promise<ListedModel[]> {
  const partials = await core.listPartials({ modelsDir });
  return partials
    .filter(({ path }) => !whole.some((model) => model.path === path))
    .map(({ id, path, bytes, totalBytes, entry }) => ({
      ...(entry && catalogFacts(core, entry, kvCacheType)),
      id,
      status: "downloading",
      builtin: false,
      bytes: totalBytes ?? entry?.bytes ?? 0,
      downloadedBytes: bytes,
      path,
    }));
}

function catalogFacts(core: Core, entry: CatalogEntry, kvCacheType: KvType | undefined): Partial<ListedModel> {
  const { repository, revision, file, license, sha256 } = entry;
  return { ...memoryFacts(core, entry, kvCacheType), ...given({ repository, revision, file, license, sha256 }) };
}

function memoryFacts(
  core: Core,
  size: { bytes: number; kvBytesPerToken: number },
  kvCacheType?: KvType,
): Partial<ListedModel> {
  const { totalBytes } = core.memoryNeeds(size, undefined, kvCacheType);
  return { memoryBytes: totalBytes, fitsInMemory: core.fitsInMemory(totalBytes) };
}

function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const set = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
