import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { CATALOG, type CatalogEntry } from "../catalog/catalog.js";
import { partialProgress } from "./download/partial-file.js";
import { modelsDirectory } from "./paths.js";

/** A model whose pull was interrupted, or goes on in another process. */
export interface PartialModel {
  /** The name to pull it by again, as far as the place tells: the catalogue's id, else the folder's or file's name. */
  id: string;
  /** Where the whole file will be. */
  path: string;
  /** What is there. */
  bytes: number;
  totalBytes?: number;
  entry?: CatalogEntry;
}

const SUFFIX = ".part";

/** What of models is there in part, in the models directory and in its folders one level down. */
export async function listPartials(options: { modelsDir?: string | undefined } = {}): Promise<PartialModel[]> {
  const directory = modelsDirectory(options.modelsDir);
  const partials: PartialModel[] = [];
  for (const child of (await names(directory)).sort()) {
    const inside = child.endsWith(SUFFIX) ? [] : (await names(join(directory, child))).sort();
    const parts = child.endsWith(SUFFIX)
      ? [child]
      : inside.filter((name) => name.endsWith(SUFFIX)).map((name) => join(child, name));
    for (const part of parts) {
      const progress = await partialProgress(join(directory, part));
      if (progress === undefined) continue;
      const path = join(directory, part).slice(0, -SUFFIX.length);
      const id = child.replace(/\.gguf\.part$/i, "");
      const entry = CATALOG.find((known) => known.id === id);
      partials.push({ id, path, ...progress, ...(entry && { entry }) });
    }
  }
  return partials;
}

const names = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);
