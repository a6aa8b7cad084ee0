import { rmdir, rm, stat, unlink } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { sameName } from "../catalog/catalog.js";
import { parseModelReference } from "../catalog/model-reference.js";
import { invalid, IzwiError } from "../errors.js";
import { linkPath, partialPath } from "./place.js";
import { removePartial } from "./download/partial-file.js";
import { fromDiskError } from "./disk-errors.js";
import { removeRecord } from "./install-record.js";
import { listModels, type InstalledModel } from "./list.js";
import { namesInstalled } from "./names-installed.js";
import { listPartials } from "./partials.js";
import { nearMatches } from "./near-matches.js";
import { BUILTIN_MODEL, modelsDirectory } from "./paths.js";
import { withLock } from "./process-lock.js";
import { inside, safeName } from "./safe-name.js";

export interface RemovedModel {
  id: string;
  path: string;
  /** What is free on the disk now; 0 where another program has the same file. */
  freedBytes: number;
}

/**
 * Deletes an installed model from the models directory, or what an interrupted pull of it has left. Only names count,
 * never paths. Fails with `MODEL_NOT_FOUND`, or with `MODEL_BUSY` while another process pulls it.
 */
export async function removeModel(
  name: string,
  options: { modelsDir?: string | undefined } = {},
): Promise<RemovedModel> {
  if (typeof name !== "string" || name.trim() === "") throw invalid("The model", "a name", name);
  if (sameName(name, BUILTIN_MODEL) || sameName(name, "builtin")) {
    throw new IzwiError("INVALID_REQUEST", `${BUILTIN_MODEL} is a part of this package and can't be removed.`);
  }
  const modelsDir = modelsDirectory(options.modelsDir);
  const models = await listModels(options);
  const model = models.find((model) => namesInstalled(name, model)) ?? (await leftOver(name, modelsDir));
  if (model === undefined) throw unknown(name, models);
  const { id, path } = model;
  inside(modelsDir, path);
  const freedBytes = await withLock(`${path}.lock`, { failIfTaken: true }, () => removeFiles(path));
  await removeEmpty(dirname(path), modelsDir);
  return { id, path, freedBytes };
}

async function removeFiles(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  const partial = await stat(partialPath(path)).catch(() => undefined);
  try {
    if (found !== undefined) await unlink(path);
    await removeRecord(path);
    await removePartial(partialPath(path));
    await rm(linkPath(path), { force: true });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === "EBUSY"
      ? new IzwiError("MODEL_BUSY", `${path} is in use. Close what uses it, then try again.`, { cause: error })
      : fromDiskError(error, path);
  }
  const alone = found !== undefined && found.nlink <= 1;
  return (alone ? found.size : 0) + (partial?.blocks ?? 0) * 512;
}

/** The folder of a model goes with its last file. */
async function removeEmpty(folder: string, modelsDir: string): Promise<void> {
  if (folder !== modelsDir) await rmdir(folder).catch(() => {});
}

/** A model of which only a part is there. */
async function leftOver(name: string, modelsDir: string): Promise<{ id: string; path: string } | undefined> {
  const names = placeNames(name);
  const partials = await listPartials({ modelsDir });
  return partials.find(({ id, path }) =>
    [id, basename(path)].some((known) => names.some((name) => sameName(name, known))),
  );
}

/** What the folder or the file of a model is called, by the name that it is pulled by. */
function placeNames(name: string): string[] {
  let reference: ReturnType<typeof parseModelReference>;
  try {
    reference = parseModelReference(name);
  } catch {
    return [];
  }
  switch (reference?.kind) {
    case "catalog":
      return [reference.entry.id];
    case "hub":
      return [safeName(reference.repository)];
    case "url":
      return [safeName(reference.file)];
    default:
      return [name];
  }
}

function unknown(name: string, models: InstalledModel[]): IzwiError {
  const near = nearMatches(
    name,
    models.map(({ id }) => id),
  );
  const hint = near.length > 0 ? ` Did you mean ${near.join(" or ")}?` : "";
  return new IzwiError("MODEL_NOT_FOUND", `No model called "${name}" is installed.${hint}`);
}
