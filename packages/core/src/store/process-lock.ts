import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, readlink, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { abortError, IzwiError } from "../errors.js";

export interface LockOptions {
  signal?: AbortSignal | undefined;
  /** Called once at first and then each time the lock is found taken. */
  onWait?: ((holder: LockHolder) => void | Promise<void>) | undefined;
  /** Don't wait: fail with `MODEL_BUSY`. */
  failIfTaken?: boolean | undefined;
  /** How often the lock is tried. */
  pollMs?: number | undefined;
  /** A lock that its holder hasn't touched for so long is taken over. */
  staleMs?: number | undefined;
}

export interface LockHolder {
  pid: number;
  host: string;
}

interface Note extends LockHolder {
  /** Different for each time a lock is taken. */
  token: string;
  /** When the process began, where the system tells: process ids are used again. */
  begun?: string | undefined;
}

/**
 * Runs `work` while this process alone, of all on this machine, holds the lock file at `path`. The lock of a process
 * that was killed is recognised at once on the same machine; of one that runs elsewhere on a shared disk, or that hangs,
 * when it hasn't touched the file for `staleMs`. `work` gets a function that tells whether the lock is still ours: to be
 * asked before what can't be undone.
 */
export async function withLock<T>(
  path: string,
  options: LockOptions,
  work: (stillHeld: () => Promise<boolean>) => Promise<T>,
): Promise<T> {
  const { staleMs = 30_000 } = options;
  const token = await take(path, staleMs, options);
  const beat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), staleMs / 4);
  beat.unref();
  const stillHeld = async () => (await read(path))?.token === token;
  try {
    return await work(stillHeld);
  } finally {
    clearInterval(beat);
    if (await stillHeld()) await rm(path, { force: true });
  }
}

async function take(path: string, staleMs: number, options: LockOptions): Promise<string> {
  const { signal, onWait, failIfTaken, pollMs = 250 } = options;
  const token = randomUUID();
  const note: Note = { pid: process.pid, host: await here(), token, begun: await processStart(process.pid) };
  for (;;) {
    if (signal?.aborted) throw abortError(signal);
    if (await create(path, JSON.stringify(note))) return token;
    const holder = await read(path);
    if (holder === undefined && (await gone(path))) continue;
    if (await isStale(path, holder, staleMs)) {
      await takeAway(path, staleMs);
      continue;
    }
    if (holder !== undefined && failIfTaken) {
      throw new IzwiError(
        "MODEL_BUSY",
        `Process ${holder.pid} is changing this model's files. Try again when it has ended.`,
      );
    }
    if (holder !== undefined) await onWait?.({ pid: holder.pid, host: holder.host });
    await sleep(pollMs, undefined, signal && { signal }).catch(() => {});
  }
}

/** False when the file is there already. */
async function create(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: "wx" });
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Windows says EPERM while a file of that name is being deleted.
    if (code === "ENOENT") {
      // The folder: it isn't there yet, or somebody has just removed it because it was empty.
      await mkdir(dirname(path), { recursive: true });
      return false;
    }
    if (code === "EEXIST" || (code === "EPERM" && process.platform === "win32")) return false;
    throw error;
  }
}

async function gone(path: string): Promise<boolean> {
  return stat(path).then(
    () => false,
    () => true,
  );
}

async function read(path: string): Promise<Note | undefined> {
  try {
    const note = JSON.parse(await readFile(path, "utf8")) as Partial<Note>;
    return typeof note.pid === "number" && typeof note.token === "string" ? (note as Note) : undefined;
  } catch {
    return undefined;
  }
}

async function isStale(path: string, holder: Note | undefined, staleMs: number): Promise<boolean> {
  const age = await stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => undefined,
  );
  if (age === undefined) return false;
  // A lock without content belongs to a process that is just writing it, or was killed doing so.
  if (holder === undefined) return age > Math.min(staleMs, 5000);
  if (holder.host !== (await here())) return age > staleMs;
  return !(await isAlive(holder)) || age > staleMs;
}

/** Where process ids mean the same: this machine, or this container, which may have the name of another one. */
async function here(): Promise<string> {
  const namespace = await readlink("/proc/self/ns/pid").catch(() => "");
  return `${hostname()} ${namespace}`.trim();
}

async function isAlive({ pid, begun }: Note): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return begun === undefined || begun === (await processStart(pid));
}

/** A text that only this process of that id has; undefined where the system doesn't tell. */
async function processStart(pid: number): Promise<string | undefined> {
  const status = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  // The second field is the program's name in parentheses, which may hold anything; the 22nd is the start.
  return status?.slice(status.lastIndexOf(")") + 2).split(" ")[19];
}

/**
 * Removes a stale lock. Two processes may find it stale at once, and the slower one must not remove the lock that the
 * faster one has taken meanwhile: so this is done under a lock of its own, and looks again.
 */
async function takeAway(path: string, staleMs: number): Promise<void> {
  const guard = `${path}.stale`;
  const handle = await open(guard, "wx").catch(() => undefined);
  if (handle === undefined) {
    const age = await stat(guard).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    // It is held for a moment only: an old one was left by a process that was killed in that moment.
    if (age > 10_000) await rm(guard, { force: true });
    await sleep(20);
    return;
  }
  try {
    if (await isStale(path, await read(path), staleMs)) await rm(path, { force: true });
  } finally {
    await handle.close();
    await rm(guard, { force: true });
  }
}
