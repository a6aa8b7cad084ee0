import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { IzwiError } from "../errors.js";
import { writeAtomically } from "./atomic-write.js";
import { withLock } from "./process-lock.js";

/** The file that pins models, to be committed beside the program that uses them. */
export const LOCK_FILE = "izwi.lock";

/** Exactly one file, for ever: either one of a repository, or one at an address. */
export interface LockedModel {
  repository?: string;
  revision?: string;
  /** For a model that is in no repository. */
  url?: string;
  file: string;
  bytes: number;
  sha256: string;
}

interface LockFile {
  version: 1;
  models: Record<string, LockedModel>;
}

/** The pinned models by their keys. A file that isn't there pins none; one that can't be read is a `LOCK_MISMATCH`. */
export async function readLockFile(path: string): Promise<ReadonlyMap<string, LockedModel>> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return new Map();
    throw new IzwiError("LOCK_MISMATCH", `${path} can't be read (${code}).`, { cause: error });
  }
  return new Map(Object.entries(parse(path, text).models));
}

/** Pins one model, keeping the others. Keys are sorted, so that changes are easy to see. */
export async function updateLockFile(path: string, key: string, model: LockedModel): Promise<void> {
  await withLock(`${path}.lock`, { pollMs: 20 }, async () => {
    const models = new Map(await readLockFile(path));
    const before = models.get(key);
    if (before !== undefined && JSON.stringify(before) === JSON.stringify(model)) return;
    models.set(key, model);
    const sorted = [...models].sort(([a], [b]) => (a < b ? -1 : 1));
    const file: LockFile = { version: 1, models: Object.fromEntries(sorted) };
    await writeAtomically(path, `${JSON.stringify(file, null, 2)}\n`);
  });
}

function parse(path: string, text: string): LockFile {
  const broken = (why: string) => new IzwiError("LOCK_MISMATCH", `${path} can't be understood: ${why}.`);
  let file: Partial<LockFile> | null;
  try {
    file = JSON.parse(text) as Partial<LockFile>;
  } catch (error) {
    throw broken((error as Error).message);
  }
  if (typeof file !== "object" || file === null || file.version !== 1) {
    throw broken(`it isn't an ${basename(LOCK_FILE)} of version 1`);
  }
  const { models } = file;
  if (typeof models !== "object" || models === null) throw broken(`"models" is missing`);
  for (const [key, model] of Object.entries(models)) {
    if (!isLockedModel(model)) throw broken(`the entry of ${key} lacks something or has something wrong`);
  }
  return { version: 1, models };
}

function isLockedModel(model: unknown): model is LockedModel {
  if (typeof model !== "object" || model === null) return false;
  const { repository, revision, url, file, bytes, sha256 } = model as Partial<Record<keyof LockedModel, unknown>>;
  const inRepository = typeof repository === "string" && typeof revision === "string" && url === undefined;
  const atAddress = typeof url === "string" && repository === undefined;
  return (
    (inRepository || atAddress) &&
    typeof file === "string" &&
    Number.isSafeInteger(bytes) &&
    typeof sha256 === "string" &&
    /^[0-9a-f]{64}$/.test(sha256)
  );
}
