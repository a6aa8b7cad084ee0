// node bench/compare.mjs: Izwi beside node-llama-cpp on the same files, alternating. See README.md.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { EngineProcess } from "./engine-process.mjs";
import { describeMachine, describeVersions, machineName } from "./machine.mjs";
import { modelFile } from "./model-files.mjs";
import { IZWI, summarize, table } from "./results.mjs";
import { QUANTIZATIONS, WARM_UP, WORKLOADS } from "./workloads.mjs";

const USAGE = `Usage: node bench/compare.mjs [options]
  --rounds N            times that each engine takes its turn (default 5)
  --threads N           threads of each engine (default: the machine's cores, ${os.availableParallelism()})
  --quantizations A,B   of ${QUANTIZATIONS.join(", ")} (default: all)
  --work A,B            of ${WORKLOADS.map(({ name }) => name).join(", ")} (default: all)
  --quick               a trial: one round, Q4_K_M, without the deep context unless asked for; nothing is written`;

/** In the order of their turns. */
const ENGINES = [
  { name: IZWI, program: "izwi", settings: {} },
  { name: "node-llama-cpp", program: "node-llama-cpp", settings: { flashAttention: false } },
  { name: "node-llama-cpp, flash attention", program: "node-llama-cpp", settings: { flashAttention: true } },
];

if (process.argv.includes("--help")) {
  console.log(USAGE);
  process.exit();
}
const options = readOptions();
if (options === undefined) {
  console.error(USAGE);
  process.exit(2);
}
if (!existsSync(new URL("node_modules/node-llama-cpp", import.meta.url))) {
  console.error("The peer isn't installed: run npm install --prefix bench first.");
  process.exit(1);
}
const machine = describeMachine();
if (machine.loadBefore > 0.2) {
  console.error(
    `Other programs are running (load ${machine.loadBefore.toFixed(1)}): the figures will not be worth much.`,
  );
}
const date = new Date().toISOString();
const { measurements, engines } = await measureAll(options);
const summary = summarize(measurements);
console.log(`${machine.cpu}, ${options.threads} threads, ${options.rounds} rounds: tokens per second, medians\n`);
console.log(
  table(
    summary,
    ENGINES.map(({ name }) => name),
  ),
);
if (!options.quick) write({ date, machine, versions: describeVersions(), options, engines, summary, measurements });

/** Every engine in turn, a process each time: A B C A B C … */
async function measureAll({ rounds, threads, quantizations, workloads }) {
  const measurements = [];
  const engines = {};
  for (const quantization of quantizations) {
    const path = modelFile(quantization);
    for (let round = 1; round <= rounds; round += 1) {
      for (const { name, program, settings } of ENGINES) {
        const engine = await EngineProcess.start(program, { path, threads, ...settings });
        engines[name] = engine.about;
        await engine.measure(WARM_UP);
        for (const workload of workloads) {
          const ms = await engine.measure(workload);
          const tokensPerSecond = workload.rated / (ms / 1000);
          measurements.push({ quantization, round, engine: name, workload: workload.name, ms, tokensPerSecond });
          console.error(`${quantization} ${round}/${rounds} ${name}: ${workload.name} ${tokensPerSecond.toFixed(1)}`);
        }
        await engine.close();
      }
    }
  }
  return { measurements, engines };
}

function write(results) {
  const runs = fileURLToPath(new URL("runs", import.meta.url));
  const name = `${results.date.slice(0, 10)}-${machineName(results.machine)}`;
  let folder = join(runs, name);
  for (let count = 2; existsSync(folder); count += 1) folder = join(runs, `${name}-${count}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "compare.json"), `${JSON.stringify(results, null, 1)}\n`);
  console.log(`\nbench/runs/${folder.slice(runs.length + 1)}/compare.json`);
}

/** Undefined when they can't be understood. */
function readOptions() {
  const text = { type: "string" };
  let values;
  try {
    const known = { rounds: text, threads: text, quantizations: text, work: text, quick: { type: "boolean" } };
    ({ values } = parseArgs({ options: known }));
  } catch {
    return undefined;
  }
  const quick = values.quick ?? false;
  const usual = WORKLOADS.filter(({ cached }) => !quick || cached === 0).map(({ name }) => name);
  const rounds = Number(values.rounds ?? (quick ? 1 : 5));
  const threads = Number(values.threads ?? os.availableParallelism());
  const quantizations = values.quantizations?.split(",") ?? (quick ? QUANTIZATIONS.slice(0, 1) : QUANTIZATIONS);
  const work = values.work?.split(",") ?? usual;
  const workloads = WORKLOADS.filter(({ name }) => work.includes(name));
  const isCount = (value) => Number.isInteger(value) && value > 0;
  const isKnown = quantizations.every((name) => QUANTIZATIONS.includes(name)) && workloads.length === work.length;
  return isCount(rounds) && isCount(threads) && isKnown
    ? { rounds, threads, quantizations, workloads, quick }
    : undefined;
}
