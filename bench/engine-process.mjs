/** An engine in a process of its own; engines/serve.mjs has the protocol. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { prompts } from "./workloads.mjs";

const TICKS_PER_SECOND = 100;

export class EngineProcess {
  #child;
  #lines;
  #exited;

  /** @param command the program and its first arguments; `settings` { path, threads, contextLength, sequences, flashAttention? } */
  static async start([program, ...args], settings) {
    const engine = new EngineProcess();
    const child = spawn(program, [...args, JSON.stringify(settings)], { stdio: ["pipe", "pipe", "inherit"] });
    engine.#child = child;
    engine.#exited = once(child, "exit");
    engine.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    Object.assign(engine, await engine.#reply(program));
    return engine;
  }

  /** Milliseconds of one call. */
  async measure(workload, round) {
    const { name, sequences, cached, prompt, generated } = workload;
    this.#child.stdin.write(`${JSON.stringify({ cached, prompts: prompts(workload, round), generated })}\n`);
    const result = await this.#reply(name);
    if (result.prompt !== sequences * prompt || result.generated !== sequences * generated) {
      throw new Error(`${name}: ${result.prompt} tokens prefilled and ${result.generated} generated.`);
    }
    return result.ms;
  }

  /** The most memory that the process had in use so far, in MiB. Linux only. */
  peakMemory() {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
    return Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)[1]) / 1024;
  }

  /** Seconds of CPU time that the process has used. Linux only. */
  cpuTime() {
    const afterName = readFileSync(`/proc/${this.#child.pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    return (Number(afterName[11]) + Number(afterName[12])) / TICKS_PER_SECOND;
  }

  async close() {
    this.#child.stdin.end();
    await this.#exited;
  }

  /** The next line for us; what else the library prints is left out. */
  async #reply(what) {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(`${what}: the engine's process ended with code ${(await this.#exited)[0]}.`);
      if (value.startsWith("@ ")) return JSON.parse(value.slice(2));
    }
  }
}
