// node bench/compare.mjs: Izwi beside its peers on the same files, taking turns. See README.md.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeMachine, describeVersions, machineName } from "./machine.mjs";
import { measureModel } from "./measure.mjs";
import { MODELS } from "./model-files.mjs";
import { ENGINES } from "./peers.mjs";
import { summarize, table } from "./results.mjs";
import { QUICK, WORKLOADS } from "./workloads.mjs";

const names = (list) => list.map(({ name }) => name).join(", ");
const USAGE = `Usage: node bench/compare.mjs [options]
  --rounds N            times that each engine takes its turn (default 5)
  --threads N           threads of each engine (default: the machine's cores, ${os.availableParallelism()})
  --quantizations A,B   of ${MODELS.join(", ")} (default: all)
  --work A,B            of ${names(WORKLOADS)} (default: all)
  --engines A,B         of ${names(ENGINES)} (default: all)
  --kv-cache-type TYPE  f16 (default) or q8_0, of Izwi alone: the peers keep f16
  --quick               a trial: one round, Q4_K_M, ${QUICK.join(", ")} unless others are asked for; nothing is written`;

if (process.argv.includes("--help")) {
  console.log(USAGE);
  process.exit();
}
const options = readOptions();
if (options === undefined) {
  console.error(USAGE);
  process.exit(2);
}
for (const { install } of options.engines) install?.();
const machine = describeMachine();
if (machine.loadBefore > 0.2) {
  console.error(
    `Other programs are running (load ${machine.loadBefore.toFixed(1)}): the figures will not be worth much.`,
  );
}
const { rounds, threads, models, workloads, kvCacheType, quick } = options;
const results = {
  date: new Date().toISOString(),
  machine,
  ...{ versions: describeVersions(), options: { rounds, threads, models, workloads, kvCacheType } },
  ...{ about: {}, limits: {}, summary: [], measurements: [] },
};
const file = quick ? undefined : runFile(results);
for (const model of models) {
  const { about, limit } = await measureModel(model, options, (measurement) => {
    results.measurements.push(measurement);
    save();
  });
  Object.assign(results.about, about);
  results.limits[model] = limit;
  save();
}
console.log(`${machine.cpu}, ${threads} threads, ${rounds} rounds, medians; fa: with flash attention\n`);
console.log(table(results.summary));
for (const [model, { bandwidth }] of Object.entries(results.limits)) {
  const shown = (which) => bandwidth.map((it) => (it[which] / 1e9).toFixed(1)).join(" and ");
  console.log(`${model}: memory read before and after, 1 thread ${shown("one")} GB/s, all ${shown("all")} GB/s`);
}
if (file !== undefined) console.log(`\n${relative(process.cwd(), file)}`);

/** After each measurement, so that a run that is cut short isn't lost. */
function save() {
  results.summary = summarize(results.measurements, workloads, results.limits);
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`);
}

/** In a folder of its own. */
function runFile({ date, machine }) {
  const runs = fileURLToPath(new URL("runs", import.meta.url));
  const name = `${date.slice(0, 10)}-${machineName(machine)}`;
  let folder = join(runs, name);
  for (let count = 2; existsSync(folder); count += 1) folder = join(runs, `${name}-${count}`);
  mkdirSync(folder, { recursive: true });
  return join(folder, "compare.json");
}

/** Undefined when they can't be understood. */
function readOptions() {
  const text = { type: "string" };
  const known = { rounds: text, threads: text, quantizations: text, work: text, engines: text, "kv-cache-type": text };
  let values;
  try {
    ({ values } = parseArgs({ options: { ...known, quick: { type: "boolean" } } }));
  } catch {
    return undefined;
  }
  const quick = values.quick ?? false;
  const rounds = Number(values.rounds ?? (quick ? 1 : 5));
  const threads = Number(values.threads ?? os.availableParallelism());
  const models = values.quantizations?.split(",") ?? (quick ? MODELS.slice(0, 1) : MODELS);
  const workloads = chosen(WORKLOADS, values.work ?? (quick ? QUICK.join() : undefined));
  const engines = chosen(ENGINES, values.engines);
  const kvCacheType = values["kv-cache-type"] ?? "f16";
  const isCount = (value) => Number.isInteger(value) && value > 0;
  const isKnown = models.every((name) => MODELS.includes(name)) && workloads !== undefined && engines !== undefined;
  return isCount(rounds) && isCount(threads) && isKnown && ["f16", "q8_0"].includes(kvCacheType)
    ? { rounds, threads, models, workloads, engines, kvCacheType, quick }
    : undefined;
}

/** Those that are named, or all; undefined if a name isn't known. */
function chosen(all, list) {
  if (list === undefined) return all;
  const wanted = list.split(",");
  const found = all.filter(({ name }) => wanted.includes(name));
  return found.length === wanted.length ? found : undefined;
}
