import { rm, stat } from "node:fs/promises";
import { IzwiError } from "../errors.js";
import { fromDiskError } from "./disk-errors.js";
import { downloadFile } from "./download-file.js";
import type { LocatedFile } from "./download/locate.js";
import { partialProgress } from "./download/partial-file.js";
import { readRecord, writeRecord } from "./install-record.js";
import { installed, type Installed } from "./installed.js";
import { linkCopy } from "./link-copy.js";
import { listModels } from "./list.js";
import { ask, BRIEF, isPinned, pin, recordOf } from "./pinned-target.js";
import { linkPath, partialPath, verify } from "./place.js";
import { withLock } from "./process-lock.js";
import type { PullContext } from "./pull-context.js";
import type { PullTarget } from "./pull-target.js";

/** Puts the target's file in place, unless it is there. Only one process does so at a time. */
export async function install(target: PullTarget, context: PullContext): Promise<Installed> {
  const { signal, report, tuning } = context;
  const onWait = async ({ pid }: { pid: number }) =>
    report.event({ type: "wait", pid, ...(await partialProgress(partialPath(target.path))) });
  const options = { signal, onWait, pollMs: tuning.pollMs };
  try {
    return await withLock(`${target.path}.lock`, options, async (stillHeld) => {
      // Left by a process that was killed.
      await rm(linkPath(target.path), { force: true });
      if (!context.force) {
        const pulled = await pulledBefore(target);
        if (pulled !== undefined) return pulled;
      }
      const file = target.sha256 !== undefined || context.offline ? undefined : await ask(target, context, BRIEF);
      const pinned = file === undefined ? target : pin(target, file);
      const there = context.force ? undefined : await checkInstalled(pinned, context);
      return there ?? (await obtain(pinned, file, context, stillHeld));
    });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).syscall === undefined ? error : fromDiskError(error, target.path);
  }
}

/** The target of a file that was pulled by `key` before, for when no server may be asked. */
export async function installedFile(key: string, modelsDir: string): Promise<PullTarget | undefined> {
  for (const { path, source } of await listModels({ modelsDir })) {
    if (source?.key !== key) continue;
    return { ...source, folder: undefined, path, locate: () => Promise.reject(offlineError(key)) };
  }
  return undefined;
}

const offlineError = (key: string): IzwiError =>
  new IzwiError("OFFLINE", `${key} isn't installed, and HF_HUB_OFFLINE forbids to download it.`);

/** What was pulled by its record alone: a file whose hash is pinned, or one from an address, which isn't asked again. */
async function pulledBefore({ path, key, sha256, repository }: PullTarget): Promise<Installed | undefined> {
  const record = await readRecord(path);
  if (record === undefined) return undefined;
  const same = sha256 === undefined ? repository === undefined && record.key === key : record.sha256 === sha256;
  return same ? installed(record) : undefined;
}

/** What is at the target's place: the file, nothing (undefined), or another file, which is an error. */
async function checkInstalled(target: PullTarget, context: PullContext): Promise<Installed | undefined> {
  const { path, key, sha256 } = target;
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  const record = await readRecord(path);
  if (record !== undefined && record.sha256 === sha256) return installed(record);
  // Ours, but there is a newer one: then that is wanted.
  if (record?.key === key) return undefined;
  if (sha256 !== undefined && found.size === target.bytes && (await verify(path, found.size, context)) === sha256) {
    const adopted = recordOf(target, { bytes: found.size, sha256 });
    await writeRecord(path, adopted, path);
    return installed(adopted);
  }
  throw new IzwiError(
    "CHECKSUM_MISMATCH",
    `${path} is there, but isn't ${key}. Rename it, or replace it with --force.`,
  );
}

/** Links a copy, or downloads. */
async function obtain(
  target: PullTarget,
  file: LocatedFile | undefined,
  context: PullContext,
  stillHeld: () => Promise<boolean>,
): Promise<Installed> {
  const { offline, reuse, force } = context;
  if (reuse && !force && isPinned(target)) {
    const linked = await linkCopy(target, context, stillHeld);
    if (linked !== undefined) return linked;
  }
  if (offline) throw offlineError(target.key);
  return downloadFile(target, file ?? (await ask(target, context, BRIEF)), context, stillHeld);
}
