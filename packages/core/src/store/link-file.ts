import { constants, copyFile, link, realpath, rm, symlink } from "node:fs/promises";
import { throwIfAborted } from "../abort.js";
import { IzwiError } from "../errors.js";
import { checkFreeSpace } from "./free-space.js";

/** How one file came to be at a second place. */
export type LinkKind = "hard link" | "clone" | "copy" | "symbolic link";

/**
 * Puts the content of `from` at `to`, where nothing may be. In this order: a hard link, which takes no room and stays
 * when the other program deletes its own; a clone, where the file system shares blocks; a copy, if there is room; a
 * symbolic link, which is good only as long as the other file stays.
 */
export async function linkFile(
  from: string,
  to: string,
  { bytes, directory, signal }: { bytes: number; directory: string; signal?: AbortSignal | undefined },
): Promise<LinkKind> {
  // A hub's cache has symbolic links itself; a hard link to one would be one.
  const source = await realpath(from);
  const ways: [LinkKind, () => Promise<void>][] = [
    ["hard link", () => link(source, to)],
    ["clone", () => copyFile(source, to, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL)],
    ["copy", () => copy(source, to, bytes, directory)],
    ["symbolic link", () => symlink(source, to)],
  ];
  let failure: unknown;
  for (const [kind, way] of ways) {
    throwIfAborted(signal);
    try {
      await way();
      return kind;
    } catch (error) {
      failure = error;
      if ((error as NodeJS.ErrnoException).code === "EEXIST") break;
    }
  }
  throw new IzwiError("DOWNLOAD_FAILED", `${source} can't be linked to ${to}.`, { cause: failure });
}

async function copy(source: string, to: string, bytes: number, directory: string): Promise<void> {
  await checkFreeSpace(directory, bytes);
  try {
    await copyFile(source, to, constants.COPYFILE_EXCL);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") await rm(to, { force: true });
    throw error;
  }
}
