/** What can be wrong with a machine's set-up, each with its remedy. */
import { accessSync, constants, existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import type { Config } from "../config-file.js";
import { effectiveSettings } from "../config-values.js";
import type { Core } from "../core.js";
import { errorCode } from "../failure.js";
import { computes, fileSize } from "../model-text.js";
import type { Environment } from "../sources.js";
import { loadedAddon } from "./addon.js";

export interface Check {
  name: string;
  status: "ok" | "warning" | "problem";
  detail: string;
  /** What to do about it. */
  fix?: string;
}

const oldestNode = [20, 4] as const;

export function checkNode(version = process.versions.node): Check {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const good = major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]);
  const check = { name: "node", detail: `Node.js ${version}, ${process.platform}-${process.arch}` };
  if (good) return { ...check, status: "ok" };
  return { ...check, status: "problem", fix: `Install Node.js ${oldestNode.join(".")} or newer: https://nodejs.org` };
}

/** Loads the built-in model: whatever that needs is then known to work. */
export async function checkEngine(loadCore: () => Promise<Core>, env: Environment): Promise<Check> {
  try {
    const core = await loadCore();
    const model = await core.loadModel(core.BUILTIN_MODEL, { contextLength: 64 });
    await model.close();
    const addon = loadedAddon();
    const where = addon === undefined ? "" : `; ${addon.path} (${addon.why})`;
    const forced = env["IZWI_ISA"]?.trim();
    const check = { name: "engine", detail: `${computes(model.info)}${where}` };
    if (!forced) return { ...check, status: "ok" };
    const fix = "Unset IZWI_ISA to have the fastest instructions that the processor has.";
    return { ...check, status: "warning", detail: `${check.detail}; IZWI_ISA=${forced} limits it`, fix };
  } catch (error) {
    return { name: "engine", status: "problem", detail: (error as Error).message, fix: engineFix(error) };
  }
}

function engineFix(error: unknown): string {
  switch (errorCode(error)) {
    case "ADDON_UNAVAILABLE":
      return /libc|GLIBC|musl/.test((error as Error).message) && /can't be loaded/.test((error as Error).message)
        ? "The system's C library doesn't fit: install again on this very system (npm install), or use a newer one."
        : "Install again without --omit=optional and on this very system: npm install izwi";
    case "OUT_OF_MEMORY":
      return "Close other programs.";
    default:
      return "Install again: npm install izwi";
  }
}

export async function checkModelsFolder(folder: string): Promise<Check[]> {
  const existing = nearestExisting(folder);
  const name = "models folder";
  try {
    accessSync(existing, constants.W_OK | constants.X_OK);
  } catch (error) {
    const fix = `Make ${existing} writable for you, or choose another: izwi config set models.dir FOLDER`;
    return [{ name, status: "problem", detail: `${folder} can't be written (${errorCode(error)})`, fix }];
  }
  const there = existing === folder ? "" : ", made by the first pull";
  return [{ name, status: "ok", detail: `${folder}${there}` }, ...(await checkSpace(existing))];
}

/** Less than the default model needs is a warning: whoever has models already needs no room. */
async function checkSpace(folder: string): Promise<Check[]> {
  const disk = await statfs(folder).catch(() => undefined);
  if (disk === undefined || disk.blocks === 0) return [];
  const free = disk.bavail * disk.bsize;
  const check = { name: "disk", detail: `${fileSize(free)} free` };
  if (free >= 1e9) return [{ ...check, status: "ok" }];
  const fix = "Make room (izwi rm), or choose another disk: izwi config set models.dir FOLDER";
  return [{ ...check, status: "warning", fix }];
}

function nearestExisting(folder: string): string {
  let at = path.resolve(folder);
  while (!existsSync(at) && path.dirname(at) !== at) at = path.dirname(at);
  return at;
}

export function checkConfig(config: Config | Error, env: Environment): Check[] {
  const fix = "Mend it: izwi config edit";
  if (config instanceof Error) return [{ name: "settings", status: "problem", detail: config.message, fix }];
  const { problems } = effectiveSettings(config, env);
  const wrong = problems.map((detail): Check => ({
    name: "settings",
    status: "problem",
    detail,
    fix: settingFix(detail),
  }));
  const odd = config.warnings.map((detail): Check => ({ name: "settings", status: "warning", detail, fix }));
  if (wrong.length + odd.length > 0) return [...wrong, ...odd];
  return [{ name: "settings", status: "ok", detail: config.file ?? "no configuration file; the defaults hold" }];
}

function settingFix(problem: string): string {
  const variable = /^IZWI_\w+/.exec(problem)?.[0];
  return variable === undefined ? "Mend it: izwi config edit" : `Set ${variable} right, or unset it.`;
}

/** Whether `izwi serve` could start; a server that runs there already is as good. */
export async function checkPort(port: number): Promise<Check> {
  const free = await new Promise<string | undefined>((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve(errorCode(error) ?? error.message));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(undefined)));
  });
  if (free === undefined) return { name: "port", status: "ok", detail: `${port} is free for izwi serve` };
  if (free === "EADDRINUSE" && (await isIzwi(port))) {
    return { name: "port", status: "ok", detail: `izwi serve answers at ${port}` };
  }
  const detail = free === "EADDRINUSE" ? `another program has port ${port}` : `port ${port} can't be used (${free})`;
  return { name: "port", status: "warning", detail, fix: "Choose another: izwi config set server.port 8081" };
}

async function isIzwi(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/livez`, { signal: AbortSignal.timeout(2000) });
    return response.ok && ((await response.json()) as { status?: unknown }).status === "alive";
  } catch {
    return false;
  }
}
