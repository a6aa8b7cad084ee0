import { statfs } from "node:fs/promises";
import { IzwiError } from "../errors.js";

/** For notes and the file system's own. */
const RESERVE_BYTES = 64 << 10;

/** Throws `DISK_FULL` when so many further bytes don't fit into `directory`'s disk. */
export async function checkFreeSpace(directory: string, needed: number): Promise<void> {
  const disk = await statfs(directory).catch(() => undefined);
  // Some network disks don't tell.
  if (disk === undefined || disk.blocks === 0) return;
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
