/** `izwi doctor`: what this machine can do, and what is in its way. */
import { availableParallelism, cpus, freemem } from "node:os";
import { kvTypes, type KvType, type OutputFormat } from "../args/options.js";
import { readConfig } from "../config-file.js";
import type { Config } from "../config-file.js";
import { effectiveSettings } from "../config-values.js";
import type { Core } from "../core.js";
import { ExitCode } from "../exit-code.js";
import { checkConfig, checkEngine, checkModelsFolder, checkNode, checkPort } from "../machine/checks.js";
import type { Check } from "../machine/checks.js";
import { cpuFeatures } from "../machine/cpu-features.js";
import { predictedSpeed } from "../machine/prediction.js";
import { fileSize } from "../model-text.js";
import { columns, facts } from "../output/columns.js";
import { printResult } from "../output/result.js";
import { harmless } from "../printer.js";
import type { CommandContext } from "./context.js";

export interface DoctorSettings {
  askedFor: string | undefined;
  modelsDir: string | undefined;
  format: OutputFormat;
}

interface Machine {
  cpu: string;
  cores: number;
  features: string[];
  usableBytes: number;
  freeBytes: number;
  /** Null where the engine, which measures it, can't be loaded. */
  bandwidthBytesPerSecond: number | null;
}

interface Prediction {
  id: string;
  bytes: number;
  memoryBytes: number;
  fits: boolean;
  /** Null without a bandwidth to predict it from. */
  tokensPerSecond: number | null;
}

export async function doctorCommand(settings: DoctorSettings, context: CommandContext): Promise<ExitCode> {
  const { printer, env, stop } = context;
  const progress = printer.progress("Looking at this machine…", 200);
  try {
    const config = await readConfig(settings.askedFor, env).catch((error: unknown) => error as Error);
    const checks: Check[] = [checkNode(), await checkEngine(context.loadCore, env), ...checkConfig(config, env)];
    // Without the package there is no catalogue; what is wrong with it has been said.
    const core = await context.loadCore().catch(() => undefined);
    const folder = core?.modelsDirectory(settings.modelsDir ?? setting("models.dir", config, env));
    if (folder !== undefined) checks.push(...(await checkModelsFolder(folder)));
    checks.push(await checkPort(portOf(config, env)));
    if (stop.signal.aborted) return stop.exitCode;
    const machine = await look(core);
    const models = core === undefined ? [] : predict(core, machine, kvTypeOf(config, env));
    progress.done();
    if (stop.signal.aborted) return stop.exitCode;
    printResult(printer, settings.format, {
      value: { ok: checks.every(({ status }) => status !== "problem"), checks, machine, models },
      table: () => text(checks, machine, models),
    });
    return checks.some(({ status }) => status === "problem") ? ExitCode.failure : ExitCode.ok;
  } finally {
    progress.done();
  }
}

function setting(key: string, config: Config | Error, env: CommandContext["env"]): string | undefined {
  const known = config instanceof Error ? { values: new Map<string, string>(), warnings: [] } : config;
  return effectiveSettings(known, env).values.find((one) => one.key === key)?.value;
}

/** Undefined also where a wrong one is set, which another check tells. */
function kvTypeOf(config: Config | Error, env: CommandContext["env"]): KvType | undefined {
  const name = setting("runtime.kv_type", config, env);
  return kvTypes.find((type) => type === name);
}

function portOf(config: Config | Error, env: CommandContext["env"]): number {
  const port = Number(setting("server.port", config, env));
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : 8080;
}

async function look(core: Core | undefined): Promise<Machine> {
  const usableBytes = core?.usableMemory() ?? 0;
  // Why the engine can't be loaded has been said.
  const bandwidth = await core?.memoryBandwidth().catch(() => undefined);
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    features: cpuFeatures(),
    usableBytes,
    freeBytes: process.availableMemory?.() ?? freemem(),
    bandwidthBytesPerSecond: bandwidth === undefined ? null : Math.round(bandwidth),
  };
}

function predict(core: Core, { bandwidthBytesPerSecond }: Machine, kvCacheType: KvType | undefined): Prediction[] {
  return core.CATALOG.map((entry) => {
    const memoryBytes = core.memoryNeeds(entry, undefined, kvCacheType).totalBytes;
    const speed = bandwidthBytesPerSecond === null ? null : predictedSpeed(entry, bandwidthBytesPerSecond);
    return {
      id: entry.id,
      bytes: entry.bytes,
      memoryBytes,
      fits: core.fitsInMemory(memoryBytes),
      tokensPerSecond: speed === null ? null : Number(speed.toPrecision(2)),
    };
  });
}

const signs: Record<Check["status"], string> = { ok: "ok", warning: "WARNING", problem: "PROBLEM" };

function text(checks: readonly Check[], machine: Machine, models: readonly Prediction[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, status, detail, fix }) => [
    `${signs[status].padEnd(7)}  ${name.padEnd(width)}  ${harmless(detail)}\n`,
    ...(fix === undefined ? [] : [`${" ".repeat(width + 11)}→ ${harmless(fix)}\n`]),
  ]);
  const about = facts([
    ["processor", `${machine.cpu}, ${machine.cores} logical cores`],
    ["instructions", machine.features.join(" ")],
    ["memory", `${fileSize(machine.usableBytes)} usable, ${fileSize(machine.freeBytes)} free now`],
    ["bandwidth", bandwidthText(machine)],
  ]);
  const table = columns(
    ["MODEL", "DOWNLOAD", "MEMORY", "FITS", "TOKENS/S"],
    models.map(({ id, bytes, memoryBytes, fits, tokensPerSecond }) => [
      ...[id, fileSize(bytes), fileSize(memoryBytes), fits ? "yes" : "no"],
      fits && tokensPerSecond !== null ? `about ${tokensPerSecond}` : "",
    ]),
    [1, 2],
  );
  return `${lines.join("")}\n${about}\n${table}`;
}

function bandwidthText({ bandwidthBytesPerSecond: rate }: Machine): string {
  return rate === null ? "unknown" : `${(rate / 1e9).toFixed(1)} GB/s, measured reading with all cores`;
}
