import { rename } from "node:fs/promises";
import { IzwiError } from "../errors.js";
import { hashFile } from "./checksum.js";
import { writeRecord, type InstallRecord } from "./install-record.js";
import type { PullContext } from "./pull-context.js";

/** Where a file grows while it is downloaded. */
export const partialPath = (path: string): string => `${path}.part`;

/** Where a linked file is until it takes its place. */
export const linkPath = (path: string): string => `${path}.link`;

/** The file's hash, telling how far it is. */
export async function verify(path: string, totalBytes: number, { report, signal }: PullContext): Promise<string> {
  const onBytes = (bytes: number) => report.often({ type: "verify", bytes, totalBytes }, bytes === totalBytes);
  return hashFile(path, { signal, onBytes });
}

/**
 * The last step, which can't be undone: not without the lock. The record goes first: it counts only for a file of its
 * size and time, so a process that is killed in between leaves nothing false.
 */
export async function putInPlace(
  from: string,
  to: string,
  record: InstallRecord,
  stillHeld: () => Promise<boolean>,
): Promise<void> {
  if (!(await stillHeld())) {
    throw new IzwiError("MODEL_BUSY", "Another process took over while this one was stopped. Pull again.");
  }
  await writeRecord(to, record, from);
  await rename(from, to);
}
