import { open, readFile, rm, stat, type FileHandle } from "node:fs/promises";
import { temporaryPath, writeAtomically } from "../atomic-write.js";
import { RangeSet } from "./range-set.js";

/** What makes two downloads parts of the same file: all that is known of it. */
export interface FileIdentity {
  /** The address, without what differs from time to time (a signature). */
  source: string;
  bytes?: number | undefined;
  sha256?: string | undefined;
  /** The server's own mark of this content, for files whose hash isn't known. */
  validator?: string | undefined;
}

/**
 * A file that is being downloaded: `x.part`, with what of it is there in `x.part.json`. The notes are written after
 * the bytes that they tell of, so that a process may be killed at any time; they may know less than there is, never
 * more. (After a loss of power they may; the hash finds that out.)
 */
export class PartialFile {
  readonly path: string;
  readonly #notesPath: string;
  readonly #file: FileHandle;
  readonly #saveEveryMs: number;
  readonly there: RangeSet;
  #identity: FileIdentity;
  #savedAt = 0;
  #saving: Promise<void> = Promise.resolve();

  private constructor(path: string, file: FileHandle, identity: FileIdentity, there: RangeSet, saveEveryMs: number) {
    this.path = path;
    this.#notesPath = notesPath(path);
    this.#file = file;
    this.#identity = identity;
    this.there = there;
    this.#saveEveryMs = saveEveryMs;
  }

  /** Goes on with what is at `path` if that is a part of the same file; else begins. */
  static async open(path: string, identity: FileIdentity, saveEveryMs = 500): Promise<PartialFile> {
    const notes = await readNotes(path);
    const size = (await stat(path).catch(() => undefined))?.size ?? 0;
    const usable =
      notes !== undefined && sameFile(notes.identity, identity) && notes.there.every(({ end }) => end <= size);
    const there = new RangeSet(usable ? notes.there : []);
    // "r+" fails where there is no file, "w+" empties it: both are meant.
    const file = await open(path, usable ? "r+" : "w+");
    const partial = new PartialFile(path, file, identity, there, saveEveryMs);
    if (!usable) await partial.save();
    return partial;
  }

  get identity(): FileIdentity {
    return this.#identity;
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    for (let written = 0; written < bytes.length;) {
      const { bytesWritten } = await this.#file.write(bytes, written, bytes.length - written, position + written);
      this.there.add(position + written, position + written + bytesWritten);
      written += bytesWritten;
    }
    if (Date.now() - this.#savedAt >= this.#saveEveryMs) await this.save();
  }

  /** Forgets what is there, because it belongs to another content. */
  async restart(identity: FileIdentity): Promise<void> {
    this.#identity = identity;
    this.there.clear();
    await this.save();
    await this.#file.truncate(0);
  }

  /** Notes what is there now. Calls are done one after the other. */
  save(): Promise<void> {
    this.#savedAt = Date.now();
    const write = async () => {
      const there = this.there.ranges.map(({ start, end }) => [start, end]);
      await writeAtomically(this.#notesPath, `${JSON.stringify({ version: 1, ...this.#identity, there })}\n`);
    };
    this.#saving = this.#saving.then(write, write);
    return this.#saving;
  }

  /** Brings what is there to the disk: before the file takes its place, since its name must not be there earlier. */
  async sync(): Promise<void> {
    await this.#file.sync();
  }

  /** Notes what is there and closes the file. */
  async close(): Promise<void> {
    try {
      await this.#saving.catch(() => {});
      await this.save();
    } finally {
      await this.#file.close();
    }
  }
}

/** Takes a partial file and its notes away. */
export async function removePartial(path: string): Promise<void> {
  const notes = notesPath(path);
  for (const file of [path, notes, temporaryPath(notes)]) await rm(file, { force: true });
}

/** What another process has noted of its download so far. */
export async function partialProgress(path: string): Promise<{ bytes: number; totalBytes?: number } | undefined> {
  const notes = await readNotes(path);
  if (notes === undefined) return undefined;
  const { bytes: totalBytes } = notes.identity;
  return { bytes: new RangeSet(notes.there).bytes, ...(totalBytes !== undefined && { totalBytes }) };
}

const notesPath = (path: string): string => `${path}.json`;

interface Notes {
  identity: FileIdentity;
  there: { start: number; end: number }[];
}

/** Undefined where there are none that make sense. */
async function readNotes(path: string): Promise<Notes | undefined> {
  try {
    const notes = JSON.parse(await readFile(notesPath(path), "utf8")) as Record<string, unknown>;
    const { version, source, bytes, sha256, validator, there } = notes;
    if (version !== 1 || typeof source !== "string" || !Array.isArray(there)) return undefined;
    const ranges = there.map((range) => ({ start: Number(range[0]), end: Number(range[1]) }));
    const sane = ranges.every(
      ({ start, end }) => Number.isSafeInteger(start) && Number.isSafeInteger(end) && 0 <= start,
    );
    return sane ? { identity: { source, bytes, sha256, validator } as FileIdentity, there: ranges } : undefined;
  } catch {
    return undefined;
  }
}

/** The same content for certain: by its hash, else by its address, size and the server's mark. */
function sameFile(a: FileIdentity, b: FileIdentity): boolean {
  if (a.bytes !== b.bytes) return false;
  if (a.sha256 !== undefined || b.sha256 !== undefined) return a.sha256 === b.sha256;
  return a.source === b.source && a.validator !== undefined && a.validator === b.validator;
}
