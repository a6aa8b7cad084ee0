/** What figures depend on, without anything that names a person, a host or a folder. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import os from "node:os";
import { LLAMA_CPP_PYTHON } from "./peers.mjs";

const SIMD = /^(sse4_2|avx\w*|fma|f16c|amx_\w+|asimd\w*|sve\w*|i8mm|bf16)$/;

export function describeMachine() {
  const cpuinfo = existsSync("/proc/cpuinfo") ? readFileSync("/proc/cpuinfo", "utf8") : "";
  const flags = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(cpuinfo)?.[1].split(" ") ?? [];
  const [cpu] = os.cpus();
  return {
    cpu: cpu?.model.trim() ?? "unknown",
    cpuFlags: flags.filter((flag) => SIMD.test(flag)),
    cores: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.platform()} ${os.arch()}`,
    // Work of other programs in the minute before: above about 0.1 the figures are disturbed.
    loadBefore: os.loadavg()[0],
  };
}

export function describeVersions() {
  const version = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")).version;
  const nodeLlamaCpp = "node_modules/node-llama-cpp/package.json";
  const hasNodeLlamaCpp = existsSync(new URL(nodeLlamaCpp, import.meta.url));
  const peers = {
    "llama-cpp-python": LLAMA_CPP_PYTHON,
    ...(hasNodeLlamaCpp && { "node-llama-cpp": version(nodeLlamaCpp) }),
  };
  const git = (...args) => execFileSync("git", args, { cwd: new URL(".", import.meta.url), encoding: "utf8" }).trim();
  return {
    izwi: version("../packages/core/package.json"),
    commit: git("rev-parse", "HEAD"),
    // Changes that aren't committed: the figures are then not those of the commit.
    changed: git("status", "--porcelain", "--untracked-files=no") !== "",
    ...peers,
    node: process.versions.node,
  };
}

/** Seconds of CPU time that all programs together have used since the start of the machine. Linux only. */
export function busyTime() {
  const [user, nice, system, , , interrupts, softInterrupts] = readFileSync("/proc/stat", "utf8")
    .match(/\d+/g)
    .map(Number);
  return (user + nice + system + interrupts + softInterrupts) / 100;
}

/** A short name for the folder of a run, such as `amd-epyc-7b13-2-cores`. */
export function machineName({ cpu, cores }) {
  const words = cpu.toLowerCase().replace(/\((r|tm)\)|processor|cpu|@.*$/g, " ");
  return `${words.replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "machine"}-${cores}-cores`;
}
