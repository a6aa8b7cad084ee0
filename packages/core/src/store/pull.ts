import { readFileSync } from "node:fs";
import { rmdir, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { referenceKey, type ModelReference } from "../catalog/model-reference.js";
import { sameName } from "../catalog/catalog.js";
import { invalid, IzwiError } from "../errors.js";
import { packageRoot } from "../package-root.js";
import { hashFile } from "./checksum.js";
import { HttpClient } from "./download/http.js";
import { Backoff, PATIENT, withRetries } from "./download/retry.js";
import { HubClient } from "./hub/hub-client.js";
import { hubSettings, type Environment, type HubSettings } from "./hub/hub-settings.js";
import { install, installedFile } from "./install.js";
import type { Installed } from "./installed.js";
import type { PullContext, PullTuning } from "./pull-context.js";
import { listModels } from "./list.js";
import { LOCK_FILE, readLockFile, updateLockFile } from "./lock-file.js";
import { BUILTIN_MODEL, builtinModelPath, modelsDirectory } from "./paths.js";
import { ProgressReport, type PullProgress } from "./pull-progress.js";
import { lockedTarget, referenceTo, targetOf, type PullTarget } from "./pull-target.js";

export interface PullOptions {
  /** Where the model goes. Default: `IZWI_MODELS_DIR`, else the platform's data directory. */
  modelsDir?: string | undefined;
  /** Stops: the promise then rejects with an `ABORTED` error. What was downloaded stays; the next pull goes on with it. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: PullProgress) => void) | undefined;
  /** Download also when the model is installed, and replace a file that is another one. */
  force?: boolean | undefined;
  /** Link a file with the same content that another program has on this machine. Default: true. */
  reuse?: boolean | undefined;
  /** Take exactly what `lockFile` pins; fail with `LOCK_MISMATCH` for anything else. */
  frozen?: boolean | undefined;
  /** Where to note what was pulled. Default: nowhere; with `frozen`, `izwi.lock` in the working directory. */
  lockFile?: string | undefined;
  /** The variables that name hub, token, proxies and other programs' folders. Default: the process's own. */
  env?: Environment | undefined;
  /** Ask no server. Default: what `HF_HUB_OFFLINE` says. */
  offline?: boolean | undefined;
  /** Requests at the same time. Default: 4. */
  connections?: number | undefined;
  /** Times and sizes that only tests have a reason to change. */
  tuning?: Partial<PullTuning> | undefined;
}

const TUNING: PullTuning = {
  timeoutMs: 15_000,
  stallMs: 20_000,
  retry: PATIENT,
  segmentBytes: 32 << 20,
  saveEveryMs: 500,
  progressEveryMs: 100,
  pollMs: 500,
};

/** A model that is installed now. */
export interface PulledModel extends Installed {
  /** The name to load it by. */
  id: string;
  path: string;
}

/**
 * Brings a model into the models directory: by a name of the catalogue, by `hf:organization/repository` (with `:Q4_K_M`,
 * `/file.gguf` or `@revision`), or by the address of a GGUF file. A model that is there already is left as it is.
 *
 * An interrupted pull, even of a process that was killed, goes on where it was. Several pulls of the same model, also in
 * other processes, do it once. A file is in place only when all of it is there and its hash is right.
 *
 * Fails with `MODEL_NOT_FOUND`, `ACCESS_DENIED`, `DOWNLOAD_FAILED`, `OFFLINE`, `DISK_FULL`, `CHECKSUM_MISMATCH`,
 * `LOCK_MISMATCH`, `INVALID_REQUEST` or `ABORTED`.
 */
export async function pullModel(name: string, options: PullOptions = {}): Promise<PulledModel> {
  if (typeof name !== "string" || name.trim() === "") throw invalid("The model", "a name", name);
  if (sameName(name, BUILTIN_MODEL) || sameName(name, "builtin")) return builtin();
  return pullReference(referenceTo(name), options);
}

/** As `pullModel`, for what a name stands for. */
export async function pullReference(reference: ModelReference, options: PullOptions): Promise<PulledModel> {
  const { env = process.env, signal, onProgress } = options;
  const tuning = tuned(options.tuning, env);
  const home = env["HOME"] ?? homedir();
  const settings = hubSettings(env, home);
  const offline = options.offline ?? settings.offline;
  const http = await httpClient(settings, tuning, env, offline);
  const modelsDir = modelsDirectory(options.modelsDir ?? env["IZWI_MODELS_DIR"]);
  const context: PullContext = {
    modelsDir,
    http,
    hub: new HubClient(http, settings.endpoint, !offline && (await settings.token()) !== undefined),
    env,
    home,
    offline,
    signal,
    force: options.force ?? false,
    reuse: options.reuse ?? true,
    connections: options.connections ?? 4,
    tuning,
    report: new ProgressReport(onProgress, tuning.progressEveryMs),
  };
  try {
    const target = await chooseTarget(reference, options, context);
    const installed = await installIn(target, context);
    const lockFile = options.frozen ? undefined : options.lockFile;
    if (lockFile !== undefined) await note(lockFile, target, installed, context);
    const { path = target.path } = installed;
    return { ...installed, id: await idOf(path, modelsDir), path };
  } finally {
    await http.close();
  }
}

/** Leaves no empty folder behind when there was nothing to install. */
async function installIn(target: PullTarget, context: PullContext): Promise<Installed> {
  try {
    return await install(target, context);
  } catch (error) {
    if (target.folder !== undefined) await rmdir(dirname(target.path)).catch(() => {});
    throw error;
  }
}

/** The one file that is meant. Without a network, it must be one that is known or there. */
async function chooseTarget(
  reference: ModelReference,
  options: PullOptions,
  context: PullContext,
): Promise<PullTarget> {
  const key = referenceKey(reference);
  if (options.frozen) {
    const path = resolve(options.lockFile ?? LOCK_FILE);
    const locked = (await readLockFile(path)).get(key);
    if (locked !== undefined) return lockedTarget(reference, locked, context);
    throw new IzwiError("LOCK_MISMATCH", `${path} doesn't pin ${key}. Pull it with --lock first, and commit the file.`);
  }
  if (context.offline && reference.kind !== "catalog") {
    const known = await installedFile(key, context.modelsDir);
    if (known !== undefined) return known;
    throw new IzwiError("OFFLINE", `${key} isn't installed, and HF_HUB_OFFLINE forbids to download it.`);
  }
  if (reference.kind === "hub") context.report.event({ type: "resolve", name: key });
  const { retry } = context.tuning;
  const backoff = new Backoff({ ...retry, retries: Math.min(retry.retries, 3) }, (notice) =>
    context.report.event({ type: "retry", ...notice }),
  );
  return withRetries(backoff, context.signal, () => targetOf(reference, context));
}

async function httpClient(
  settings: HubSettings,
  tuning: PullTuning,
  env: Environment,
  offline: boolean,
): Promise<HttpClient> {
  const token = offline ? undefined : await settings.token();
  return new HttpClient({
    env,
    timeoutMs: tuning.timeoutMs,
    userAgent: `izwi/${version()}; node/${process.versions.node}`,
    ...(token !== undefined && { token: { origin: new URL(settings.endpoint).origin, value: token } }),
  });
}

/** The hub's own variable, in seconds, is about the same thing as `stallMs`. */
function tuned(tuning: Partial<PullTuning> = {}, env: Environment): PullTuning {
  const seconds = Number(env["HF_HUB_DOWNLOAD_TIMEOUT"]);
  const stall = seconds > 0 && seconds < 3600 ? { stallMs: seconds * 1000 } : {};
  return { ...TUNING, ...stall, ...tuning };
}

/** A model that was linked without asking the hub has no commit yet; a lock file is worth the question. */
async function commitOf(target: PullTarget, installed: Installed, context: PullContext): Promise<string | undefined> {
  if (installed.revision !== undefined || context.offline || target.repository === undefined) return installed.revision;
  const file = await target.locate(context.signal).catch(() => undefined);
  return file?.sha256 === installed.sha256 ? file.revision : undefined;
}

async function note(lockFile: string, target: PullTarget, installed: Installed, context: PullContext): Promise<void> {
  const { repository, file, source } = target;
  const { bytes, sha256 } = installed;
  const commit = (await commitOf(target, installed, context)) ?? target.revision;
  const where = repository !== undefined && commit !== undefined ? { repository, revision: commit } : { url: source };
  await updateLockFile(resolve(lockFile), target.key, { ...where, file, bytes, sha256 });
}

async function idOf(path: string, modelsDir: string): Promise<string> {
  const models = await listModels({ modelsDir });
  return models.find((model) => model.path === path)?.id ?? path;
}

async function builtin(): Promise<PulledModel> {
  const path = builtinModelPath();
  const [sha256, { size }] = await Promise.all([hashFile(path), stat(path)]);
  return { id: BUILTIN_MODEL, path, bytes: size, sha256, origin: "installed" };
}

function version(): string {
  return (JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as { version: string }).version;
}
