import { readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { CATALOG, findInCatalog, sameName, type CatalogEntry } from "../catalog/catalog.js";
import { parseModelReference } from "../catalog/model-reference.js";
import { invalid, IzwiError } from "../errors.js";
import { listModels, type InstalledModel } from "./list.js";
import { namesInstalled } from "./names-installed.js";
import { nearMatches } from "./near-matches.js";
import { BUILTIN_MODEL, builtinModelPath, modelsDirectory } from "./paths.js";

/** The file that a name stands for. */
export interface ResolvedModel {
  path: string;
  id: string;
  builtin: boolean;
}

/**
 * Finds the file for what a person typed. In this order: `builtin` or `izwi-tiny`; an existing file; a folder
 * with one GGUF file; a catalogue name whose file is installed; the name of a file or folder in the models
 * directory. Else `MODEL_NOT_FOUND`, saying what to do.
 *
 * With `paths: false` only names count: for names from outside, which must not reach or probe other files.
 */
export async function resolveModel(
  pathOrName: string,
  options: { modelsDir?: string | undefined; paths?: boolean } = {},
): Promise<ResolvedModel> {
  if (typeof pathOrName !== "string" || pathOrName.trim() === "") {
    throw invalid("The model", "a path or a name", pathOrName);
  }
  const name = pathOrName.trim();
  if (sameName(name, BUILTIN_MODEL) || sameName(name, "builtin")) {
    return { path: builtinModelPath(), id: BUILTIN_MODEL, builtin: true };
  }
  const { paths = true } = options;
  const path = paths ? ((await fileAt(pathOrName)) ?? (await fileAt(name))) : undefined;
  if (path !== undefined) return atPath(path);

  const models = await listModels(options);
  const entry = findInCatalog(name);
  const match = models.find((model) => namesInstalled(name, model));
  if (match) return { path: match.path, id: match.id, builtin: false };
  const directory = modelsDirectory(options.modelsDir);
  const message = entry
    ? absent(name, entry)
    : isPullable(name)
      ? `${name} isn't installed. Get it with: izwi pull ${name}`
      : unknown(name, models, directory, paths);
  throw new IzwiError("MODEL_NOT_FOUND", message);
}

function atPath(path: string): ResolvedModel {
  const builtin = path === builtinModelPath();
  return { path, id: builtin ? BUILTIN_MODEL : basename(path).replace(/\.gguf$/i, ""), builtin };
}

async function fileAt(path: string): Promise<string | undefined> {
  const absolute = resolve(path);
  const found = await stat(absolute).catch(() => undefined);
  if (found?.isFile()) return absolute;
  if (!found?.isDirectory()) return undefined;
  const files = (await readdir(absolute).catch(() => [])).filter((file) => /\.gguf$/i.test(file));
  return files.length === 1 ? join(absolute, files[0]!) : undefined;
}

function absent(name: string, entry: CatalogEntry): string {
  const size = `${Math.round(entry.bytes / 1e6).toLocaleString("en-US")} MB`;
  return `${name} isn't installed. Use the built-in model (builtin), or get it (${size}) with: izwi pull ${entry.id}`;
}

/** A name of a model on the hub, or an address of one. */
function isPullable(name: string): boolean {
  try {
    return parseModelReference(name) !== undefined;
  } catch {
    return false;
  }
}

function unknown(name: string, models: InstalledModel[], directory: string, paths: boolean): string {
  const looksLikePath = paths && (/[\\/]/.test(name) || /\.gguf$/i.test(name));
  const candidates = [...models.map((model) => model.id), ...CATALOG.flatMap((entry) => [entry.id, ...entry.aliases])];
  const near = nearMatches(name, [...candidates, BUILTIN_MODEL]);
  const what = looksLikePath ? `There is no file ${resolve(name)}.` : `No model is called "${name}".`;
  const hint = near.length > 0 ? ` Did you mean ${near.join(" or ")}?` : "";
  return `${what}${hint} Give ${paths ? "a path to a GGUF file, " : ""}a name from ${directory}, or builtin.`;
}
