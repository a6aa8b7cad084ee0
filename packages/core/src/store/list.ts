import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { CATALOG, type CatalogEntry } from "../catalog/catalog.js";
import { IzwiError } from "../errors.js";
import { readRecord, type InstallRecord } from "./install-record.js";
import { modelsDirectory } from "./paths.js";

/** A GGUF file in the models directory. */
export interface InstalledModel {
  /** The catalogue's id, else the name of its folder, else the file's name without `.gguf`. */
  id: string;
  path: string;
  bytes: number;
  /** The catalogue's entry for this file, if there is one: by its hash where that is known, else by its name. */
  entry?: CatalogEntry;
  /** Where the file came from, if `pullModel` brought it and it hasn't been changed since. */
  source?: InstallRecord;
}

/**
 * What the models directory holds, sorted by id: GGUF files in it, and in its folders one level down. A folder
 * with several files gives one model for each, `folder/file`. A directory that doesn't exist is empty.
 */
export async function listModels(options: { modelsDir?: string | undefined } = {}): Promise<InstalledModel[]> {
  const directory = modelsDirectory(options.modelsDir);
  const models: InstalledModel[] = [];
  for (const child of await children(directory)) {
    const path = join(directory, child);
    if (isGguf(child)) {
      const model = await installed(path, stem(child));
      if (model) models.push(model);
      continue;
    }
    const files = (await children(path)).filter(isGguf);
    for (const file of files) {
      const model = await installed(join(path, file), files.length === 1 ? child : `${child}/${stem(file)}`);
      if (model) models.push(model);
    }
  }
  return models.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

async function installed(path: string, name: string): Promise<InstalledModel | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) return undefined;
  const source = await readRecord(path);
  const entry = CATALOG.find((known) => (source ? known.sha256 === source.sha256 : known.file === basename(path)));
  return {
    id: entry?.id ?? name,
    path,
    bytes: found.size,
    ...(entry && { entry }),
    ...(source && { source }),
  };
}

/** The names in a folder; none where there is no folder. */
async function children(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw new IzwiError("MODEL_NOT_FOUND", `The models directory ${folder} can't be read (${code}).`, { cause: error });
  }
}

const isGguf = (file: string): boolean => /\.gguf$/i.test(file);
const stem = (file: string): string => file.replace(/\.gguf$/i, "");
