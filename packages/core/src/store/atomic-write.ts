import { rename, writeFile } from "node:fs/promises";

/** Where a file is written before it takes its place. What a killed process leaves there, the next write takes over. */
export const temporaryPath = (path: string): string => `${path}.tmp`;

/**
 * Writes a small file so that a reader finds the old content or the new one, never a part. Only for files that one
 * process at a time writes.
 */
export async function writeAtomically(path: string, text: string): Promise<void> {
  await writeFile(temporaryPath(path), text);
  await rename(temporaryPath(path), path);
}
