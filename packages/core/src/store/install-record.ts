import { readFile, rm, stat } from "node:fs/promises";
import { temporaryPath, writeAtomically } from "./atomic-write.js";

/** Where an installed file came from, kept beside it as `x.gguf.izwi.json`. */
export interface InstallRecord {
  /** The name that pulls it again, as in `izwi.lock`. */
  key: string;
  /** The address, without what is secret in it. */
  source: string;
  repository?: string;
  revision?: string;
  /** The file's path in the repository, or its name in the address. */
  file: string;
  bytes: number;
  sha256: string;
  license?: string;
}

/** With when the file was last changed: until then, its hash is the one that was checked. */
interface StoredRecord extends InstallRecord {
  version: 1;
  mtimeMs: number;
}

export const recordPath = (path: string): string => `${path}.izwi.json`;

/** Notes where the file at `path` came from; until it is there, `checked` is the file whose hash was checked. */
export async function writeRecord(path: string, record: InstallRecord, checked: string): Promise<void> {
  const { mtimeMs } = await stat(checked);
  const stored: StoredRecord = { version: 1, ...record, mtimeMs };
  await writeAtomically(recordPath(path), `${JSON.stringify(stored, null, 2)}\n`);
}

/** The record of a file that hasn't been changed since; undefined without one, or when it was. */
export async function readRecord(path: string): Promise<InstallRecord | undefined> {
  try {
    const [text, file] = await Promise.all([readFile(recordPath(path), "utf8"), stat(path)]);
    const { version, mtimeMs, ...record } = JSON.parse(text) as StoredRecord;
    const { key, source, bytes, sha256 } = record;
    const known = version === 1 && [key, source, record.file, sha256].every((value) => typeof value === "string");
    return known && bytes === file.size && mtimeMs === file.mtimeMs ? record : undefined;
  } catch {
    return undefined;
  }
}

export async function removeRecord(path: string): Promise<void> {
  for (const file of [recordPath(path), temporaryPath(recordPath(path))]) await rm(file, { force: true });
}
