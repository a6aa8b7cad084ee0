/** All engines through all workloads, taking turns. */
import { spawn } from "node:child_process";
import { statSync } from "node:fs";
import { memoryBandwidth } from "@izwi/core";
import { EngineProcess } from "./engine-process.mjs";
import { modelFile } from "./model-files.mjs";
import { IZWI, median } from "./results.mjs";
import { contextFor, WARM_UP } from "./workloads.mjs";

/** @returns the measurements, what the engines say of themselves, and the limits of each model on this machine */
export async function measureAll(options) {
  const measurements = [];
  const about = {};
  const limits = {};
  for (const model of options.models) {
    const path = modelFile(model);
    const bandwidth = [await bandwidths(options.threads)];
    const contestants = options.engines.flatMap(({ settings, ...engine }) =>
      settings.map((setting) => ({ ...engine, setting, label: label(engine.name, setting) })),
    );
    const record = (workload, { name, setting }, round, value) => {
      measurements.push({ model, workload: workload.name, engine: name, setting: settingName(setting), round, value });
      console.error(
        `${model} ${workload.name} ${round} ${label(name, setting)}: ${value.toFixed(1)} ${workload.figure}`,
      );
    };
    const lasting = options.workloads.filter(({ contextLength }) => contextLength === undefined);
    const fresh = options.workloads.filter(({ contextLength }) => contextLength !== undefined);
    const open = { path, threads: options.threads, contextLength: contextFor(lasting), sequences: 16 };
    for (const workload of fresh) await takeTurnsAfresh(workload, contestants, open, options.rounds, record);
    Object.assign(about, await takeTurns(lasting, contestants, open, options.rounds, record));
    bandwidth.push(await bandwidths(options.threads));
    limits[model] = {
      modelBytes: about["llama.cpp"]?.modelBytes ?? statSync(path).size,
      kvBytesPerPosition: about[IZWI]?.kvBytesPerPosition,
      bandwidth,
      bytesPerSecond: median(bandwidth.map(({ all }) => all)),
    };
  }
  return { measurements, about, limits };
}

/** Bytes per second read from memory by one thread, and by as many as the engines have. */
async function bandwidths(threads) {
  return { one: await memoryBandwidth(1), all: await memoryBandwidth(threads) };
}

const settingName = ({ flashAttention }) => (flashAttention ? "flash attention" : "");
const label = (name, setting) => [name, settingName(setting)].filter(Boolean).join(", ");

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
          const engine = running.get(contestant);
          const ms = await (workload.neighbour ? besideNeighbour : alone)(() => engine.measure(workload, round));
          record(workload, contestant, round, (workload.sequences * workload.rated) / (ms / 1000));
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

const alone = (measure) => measure();

/** While another process keeps the first core busy. */
async function besideNeighbour(measure) {
  const loop = [process.execPath, "-e", "for (;;);"];
  const pinned = process.platform === "linux" ? ["taskset", "-c", "0", ...loop] : loop;
  const neighbour = spawn(pinned[0], pinned.slice(1), { stdio: "ignore" });
  try {
    await new Promise((resolve) => setTimeout(resolve, 500));
    return await measure();
  } finally {
    neighbour.kill("SIGKILL");
  }
}
