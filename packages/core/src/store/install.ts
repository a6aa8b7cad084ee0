import { open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { CATALOG } from "../catalog/catalog.js";
import { IzwiError } from "../errors.js";
import { hashFile } from "./checksum.js";
import { fromDiskError } from "./disk-errors.js";
import { download } from "./download/download.js";
import type { LocatedFile } from "./download/locate.js";
import { PartialFile, partialProgress, removePartial, type FileIdentity } from "./download/partial-file.js";
import { Backoff, withRetries } from "./download/retry.js";
import type { Environment } from "./hub/hub-settings.js";
import { findCopy, type Candidate } from "./foreign-stores.js";
import { checkFreeSpace } from "./free-space.js";
import { readRecord, writeRecord, type InstallRecord } from "./install-record.js";
import { linkFile, type LinkKind } from "./link-file.js";
import { listModels } from "./list.js";
import { withLock } from "./process-lock.js";
import type { ProgressReport } from "./pull-progress.js";
import type { PullTarget, TargetContext } from "./pull-target.js";
import type { PullTuning } from "./pull.js";

/** How a file came to be in the models directory. */
export interface Installed {
  /** Where it is, if not at the target's place. */
  path?: string;
  bytes: number;
  sha256: string;
  repository?: string;
  /** The commit. */
  revision?: string;
  license?: string;
  /** `installed`: it was there. */
  origin: "installed" | "downloaded" | "linked";
  /** For `linked`: whose file, where, and how. */
  linked?: Candidate & { how: LinkKind };
}

export interface InstallContext extends TargetContext {
  env: Environment;
  home: string;
  offline: boolean;
  force: boolean;
  reuse: boolean;
  connections: number;
  tuning: PullTuning;
  report: ProgressReport;
}

/** How often the first question is asked again: without a network, a person wants to know soon. */
const BRIEF = 3;

/** A target of which is known what it must be. */
type PinnedTarget = PullTarget & { bytes: number; sha256: string };

/** Puts the target's file in place, unless it is there. Only one process does so at a time. */
export async function install(target: PullTarget, context: InstallContext): Promise<Installed> {
  const { signal, report, tuning } = context;
  const onWait = async ({ pid }: { pid: number }) =>
    report.event({ type: "wait", pid, ...(await partialProgress(partialPath(target.path))) });
  const options = { signal, onWait, pollMs: tuning.pollMs };
  try {
    return await withLock(`${target.path}.lock`, options, async (stillHeld) => {
      if (!context.force) {
        const pulled = await pulledBefore(target);
        if (pulled !== undefined) return pulled;
      }
      const file = target.sha256 !== undefined || context.offline ? undefined : await ask(target, context, BRIEF);
      const pinned = file === undefined ? target : pin(target, file);
      const there = context.force ? undefined : await checkInstalled(pinned, context);
      return there ?? (await fetch(pinned, file, context, stillHeld));
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

export const partialPath = (path: string): string => `${path}.part`;

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
async function checkInstalled(target: PullTarget, context: InstallContext): Promise<Installed | undefined> {
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

function installed(record: InstallRecord): Installed {
  const { bytes, sha256, repository, revision, license } = record;
  return { ...given({ repository, revision, license }), bytes, sha256, origin: "installed" };
}

/** Links a copy, or downloads. */
async function fetch(
  target: PullTarget,
  file: LocatedFile | undefined,
  context: InstallContext,
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

async function linkCopy(
  target: PinnedTarget,
  context: InstallContext,
  stillHeld: () => Promise<boolean>,
): Promise<Installed | undefined> {
  const { report, modelsDir, env, home, signal } = context;
  const { path, bytes: totalBytes, sha256 } = target;
  const onBytes = ({ store, path }: Candidate, bytes: number) =>
    report.often({ type: "search", store, path, bytes, totalBytes }, bytes === totalBytes);
  const copy = await findCopy({ sha256, bytes: totalBytes }, { modelsDir, env, home, signal, onBytes });
  if (copy === undefined) return undefined;
  if (copy.store === "the models directory" && isCatalogued(target)) {
    // Put there by hand, perhaps at another place: its name finds it there, and twice would be once too often.
    const record = recordOf(target, { bytes: totalBytes, sha256 });
    await writeRecord(copy.path, record, copy.path);
    return { ...installed(record), path: copy.path };
  }
  const temporary = `${path}.link`;
  await rm(temporary, { force: true });
  const how = await linkFile(copy.path, temporary, { bytes: totalBytes, directory: dirname(path), signal });
  // Between reading it and copying it, it may have changed; the others are the very bytes that were read.
  if (how === "copy" && (await verify(temporary, totalBytes, context)) !== sha256) {
    await rm(temporary, { force: true });
    return undefined;
  }
  const record = recordOf(target, { bytes: totalBytes, sha256 });
  await putInPlace(temporary, path, record, stillHeld);
  await removePartial(partialPath(path));
  report.event({ type: "link", ...copy, how });
  return { ...installed(record), origin: "linked", linked: { ...copy, how } };
}

/** Downloads, checks and puts in place. A content that isn't right is fetched once more, from its beginning. */
async function downloadFile(
  target: PullTarget,
  first: LocatedFile,
  context: InstallContext,
  stillHeld: () => Promise<boolean>,
): Promise<Installed> {
  const part = partialPath(target.path);
  let file = first;
  for (let again = false; ; again = true) {
    const pinned = pin(target, file);
    file = await fetchContent(pinned, file, context);
    const expected = pin(target, file);
    const { size } = await stat(part);
    const sha256 = await verify(part, size, context);
    const right = expected.sha256 === undefined ? await beginsAsGguf(part) : sha256 === expected.sha256;
    if (right) {
      const record = recordOf(target, { bytes: size, sha256, revision: file.revision });
      await putInPlace(part, target.path, record, stillHeld);
      await removePartial(part);
      return { ...installed(record), origin: "downloaded" };
    }
    await removePartial(part);
    if (expected.sha256 === undefined) {
      throw new IzwiError("INVALID_MODEL_FILE", `${target.source} is no GGUF file. Is it a page for people?`);
    }
    if (again) {
      const message = `What ${file.url.host} sends for ${target.key} isn't the right file: its SHA-256 is ${sha256}, not ${expected.sha256}.`;
      throw new IzwiError("CHECKSUM_MISMATCH", message);
    }
    context.report.event({ type: "retry", attempt: 1, retries: 1, delayMs: 0, reason: "The file's hash isn't right." });
    file = await ask(target, context);
  }
}

async function fetchContent(target: PullTarget, file: LocatedFile, context: InstallContext): Promise<LocatedFile> {
  const { http, signal = new AbortController().signal, report, tuning, connections } = context;
  const part = partialPath(target.path);
  const identityOf = (file: LocatedFile): FileIdentity => {
    const { bytes, sha256 } = pin(target, file);
    return { source: target.source, bytes, sha256, validator: file.validator };
  };
  const partial = await PartialFile.open(part, identityOf(file), tuning.saveEveryMs);
  try {
    await checkFreeSpace(dirname(part), Math.max(0, (target.bytes ?? 0) - partial.there.bytes));
    report.beginDownload(partial.there.bytes, target.bytes);
    const fetched = await download({
      http,
      partial,
      file: { ...file, ...given({ bytes: target.bytes, sha256: target.sha256 }) },
      locate: () => ask(target, context),
      identityOf,
      connections,
      segmentBytes: tuning.segmentBytes,
      stallMs: tuning.stallMs,
      retry: tuning.retry,
      signal,
      onBytes: (bytes) => report.downloaded(bytes),
      onRetry: (notice) => report.event({ type: "retry", ...notice }),
      onRestart: () => report.beginDownload(0, target.bytes),
    });
    await partial.sync();
    return fetched;
  } finally {
    await partial.close();
  }
}

/** Where the file is now; a failure when it isn't the one that is pinned. */
async function ask(
  target: PullTarget,
  { report, tuning, signal }: InstallContext,
  patience = Infinity,
): Promise<LocatedFile> {
  report.event({ type: "resolve", name: target.key });
  const { retry } = tuning;
  const backoff = new Backoff({ ...retry, retries: Math.min(retry.retries, patience) }, (notice) =>
    report.event({ type: "retry", ...notice }),
  );
  const file = await withRetries(backoff, signal, () => target.locate(signal));
  const { pinnedBy, bytes, sha256, key } = target;
  const other = (what: string, is: unknown, should: unknown) =>
    new IzwiError(
      "CHECKSUM_MISMATCH",
      `${file.url.host} has another file for ${key} than ${pinnedBy} says: its ${what} is ${is}, not ${should}.`,
    );
  if (pinnedBy !== undefined && sha256 !== undefined && file.sha256 !== undefined && file.sha256 !== sha256) {
    throw other("SHA-256", file.sha256, sha256);
  }
  if (pinnedBy !== undefined && bytes !== undefined && file.bytes !== undefined && file.bytes !== bytes) {
    throw other("size", file.bytes, bytes);
  }
  return file;
}

/** The target with what the server says, where nothing better is known. */
function pin(target: PullTarget, file: LocatedFile): PullTarget {
  return {
    ...target,
    ...given({
      bytes: target.pinnedBy === undefined ? (file.bytes ?? target.bytes) : target.bytes,
      sha256: target.pinnedBy === undefined ? file.sha256 : target.sha256,
      revision: file.revision ?? target.revision,
    }),
  };
}

/** Found by its hash, wherever it lies. */
function isCatalogued({ key, sha256 }: PullTarget): boolean {
  return CATALOG.some((entry) => entry.id === key && entry.sha256 === sha256);
}

function isPinned(target: PullTarget): target is PinnedTarget {
  return target.bytes !== undefined && target.sha256 !== undefined;
}

function recordOf(
  { key, source, repository, revision, file, license }: PullTarget,
  content: { bytes: number; sha256: string; revision?: string | undefined },
): InstallRecord {
  const { bytes, sha256, revision: commit = revision } = content;
  return { key, source, ...given({ repository, revision: commit, license }), file, bytes, sha256 };
}

async function verify(path: string, totalBytes: number, { report, signal }: InstallContext): Promise<string> {
  const onBytes = (bytes: number) => report.often({ type: "verify", bytes, totalBytes }, bytes === totalBytes);
  return hashFile(path, { signal, onBytes });
}

/**
 * The last step, which can't be undone: not without the lock. The record goes first: it counts only for a file of its
 * size and time, so a process that is killed in between leaves nothing false.
 */
async function putInPlace(
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

async function beginsAsGguf(path: string): Promise<boolean> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return bytesRead === 4 && buffer.toString("latin1") === "GGUF";
  } finally {
    await file.close();
  }
}

/** Without the fields that are undefined. */
function given<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const set = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
