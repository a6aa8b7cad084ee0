import { stat, statfs } from "node:fs/promises";
import { IzwiError } from "../errors.js";

/** For notes and the file system's own. */
const RESERVE_BYTES = 64 << 10;

/**
 * Throws `DISK_FULL` when what is missing of a file of `bytes` bytes doesn't fit into `directory`'s disk. What a partial
 * file takes already is there; its holes are not.
 */
export async function checkFreeSpace(directory: string, bytes: number, partialPath?: string): Promise<void> {
  const disk = await statfs(directory).catch(() => undefined);
  // Some network disks don't tell.
  if (disk === undefined || disk.blocks === 0) return;
  const partial = partialPath === undefined ? undefined : await stat(partialPath).catch(() => undefined);
  const taken = partial === undefined ? 0 : (partial.blocks ?? 0) * 512;
  const needed = Math.max(0, bytes - taken);
  const free = disk.bavail * disk.bsize;
  if (needed === 0 || needed + RESERVE_BYTES <= free) return;
  throw new IzwiError(
    "DISK_FULL",
    `${directory} has room for ${size(free)}, but ${size(needed)} are needed. Make room, or choose another models directory.`,
  );
}

/** In decimal units, as disks are sold. */
export function size(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(0)} MB` : `${Math.ceil(bytes / 1e3)} kB`;
}
