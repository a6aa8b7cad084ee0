/** All engines through all workloads, taking turns. */
import { spawn } from "node:child_process";
import { statSync } from "node:fs";
import { memoryBandwidth } from "@izwi/core";
import { EngineProcess } from "./engine-process.mjs";
import { busyTime } from "./machine.mjs";
import { modelFile } from "./model-files.mjs";
import { IZWI, median } from "./results.mjs";
import { contextFor, WARM_UP } from "./workloads.mjs";

/**
 * @param keep is given each measurement
 * @returns what the engines say of themselves, and what this machine's memory allows
 */
export async function measureModel(model, { threads, rounds, engines, workloads, kvCacheType }, keep) {
  const path = modelFile(model);
  const bandwidth = [await bandwidths(threads)];
  const contestants = engines.flatMap(({ settings, ...engine }) => settings.map((setting) => ({ ...engine, setting })));
  const record = (workload, { name, setting }, round, value, others) => {
    const what = { model, workload: workload.name, engine: name, setting: settingName(setting), round };
    keep({ ...what, value, ...(others !== undefined && { others: Math.round(others * 100) / 100 }) });
    const shown = `${model} ${workload.name} ${round} ${[name, what.setting].filter(Boolean).join(", ")}`;
    const disturbed = others > DISTURBED ? `, others had ${(others * 100).toFixed(0)}% of a core` : "";
    console.error(`${shown}: ${value.toFixed(1)} ${workload.figure}${disturbed}`);
  };
  const lasting = workloads.filter(({ contextLength }) => contextLength === undefined);
  const fresh = workloads.filter(({ contextLength }) => contextLength !== undefined);
  const open = { path, threads, contextLength: contextFor(lasting), sequences: 16, kvCacheType };
  for (const workload of fresh) await takeTurnsAfresh(workload, contestants, open, rounds, record);
  const about = await takeTurns(lasting, contestants, open, rounds, record);
  bandwidth.push(await bandwidths(threads));
  const limit = {
    modelBytes: about["llama.cpp"]?.modelBytes ?? statSync(path).size,
    kvBytesPerPosition: about[IZWI]?.kvBytesPerPosition,
    bandwidth,
    bytesPerSecond: median(bandwidth.map(({ all }) => all)),
  };
  return { about, limit };
}

/** Bytes per second read from memory by one thread, and by as many as the engines have. */
async function bandwidths(threads) {
  return { one: await memoryBandwidth(1), all: await memoryBandwidth(threads) };
}

const settingName = ({ flashAttention }) => (flashAttention ? "flash attention" : "");

const takesPart = (workload) => (contestant) =>
  workload.engines?.includes(contestant.name) ?? contestant.only === undefined;

/** A B C A B C …: every engine stays loaded, and only one at a time has something to do. */
async function takeTurns(workloads, contestants, open, rounds, record) {
  const running = new Map();
  try {
    for (const contestant of contestants) {
      if (!workloads.some((workload) => takesPart(workload)(contestant))) continue;
      const engine = await EngineProcess.start(contestant.command(), { ...open, ...contestant.setting });
      running.set(contestant, engine);
      await engine.measure(WARM_UP, 0);
    }
    for (const workload of workloads) {
      for (let round = 1; round <= rounds; round += 1) {
        for (const contestant of contestants.filter(takesPart(workload))) {
          const call = workload.neighbour ? besideNeighbour : undisturbed;
          const { ms, others } = await call(running.get(contestant), workload, round);
          record(workload, contestant, round, (workload.sequences * workload.rated) / (ms / 1000), others);
        }
      }
    }
    return Object.fromEntries([...running].map(([{ name }, { about }]) => [name, about]));
  } finally {
    for (const engine of running.values()) await engine.close();
  }
}

/** The same with a process for each call: what it takes from its start on, and the memory that it used. */
async function takeTurnsAfresh(workload, contestants, open, rounds, record) {
  const { contextLength, once, figure } = workload;
  for (let round = 1; round <= (once ? 1 : rounds); round += 1) {
    for (const contestant of contestants.filter(takesPart(workload))) {
      const settings = { ...open, contextLength, sequences: 1, ...contestant.setting };
      const start = performance.now();
      const engine = await EngineProcess.start(contestant.command(), settings);
      await engine.measure(workload, round);
      record(workload, contestant, round, figure === "ms" ? performance.now() - start : engine.peakMemory());
      await engine.close();
    }
  }
}

/** What share of a core others had meanwhile; undefined where that can't be known. */
function observer(engine) {
  if (process.platform !== "linux") return () => undefined;
  const now = () => ({ time: performance.now() / 1000, foreign: busyTime() - engine.cpuTime() });
  const before = now();
  return () => {
    const after = now();
    return Math.max(0, (after.foreign - before.foreign) / (after.time - before.time));
  };
}

/** From this share of a core on, a call is measured again, and the least disturbed one counts. */
const DISTURBED = 0.15;
const ATTEMPTS = 3;

async function undisturbed(engine, workload, round) {
  let least;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const observed = observer(engine);
    const ms = await engine.measure(workload, round * ATTEMPTS + attempt);
    const others = observed();
    if (least === undefined || others < least.others) least = { ms, others };
    if (!(others > DISTURBED)) break;
  }
  return least;
}

/** While another process keeps the first core busy. */
async function besideNeighbour(engine, workload, round) {
  const loop = [process.execPath, "-e", "for (;;);"];
  const pinned = process.platform === "linux" ? ["taskset", "-c", "0", ...loop] : loop;
  const neighbour = spawn(pinned[0], pinned.slice(1), { stdio: "ignore" });
  try {
    await new Promise((resolve) => setTimeout(resolve, 500));
    return { ms: await engine.measure(workload, round * ATTEMPTS) };
  } finally {
    neighbour.kill("SIGKILL");
  }
}
