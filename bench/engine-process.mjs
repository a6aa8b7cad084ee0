/** An engine in a process of its own. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export class EngineProcess {
  #child;
  #seed = 0;

  /** @param settings { path, threads, flashAttention? } */
  static async start(engine, settings) {
    const process = new EngineProcess();
    const file = fileURLToPath(new URL(`engines/${engine}.mjs`, import.meta.url));
    // Only errors of the engine are shown: the peer warns about the random model's vocabulary on its standard output.
    process.#child = fork(file, [JSON.stringify(settings)], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    Object.assign(process, await process.#reply(engine));
    return process;
  }

  /** Milliseconds of one call. */
  async measure(workload) {
    this.#seed += 1;
    this.#child.send({ workload, seed: this.#seed });
    return (await this.#reply(workload.name)).ms;
  }

  async close() {
    const exited = once(this.#child, "exit");
    this.#child.disconnect();
    await exited;
  }

  #reply(what) {
    return new Promise((resolve, reject) => {
      const ended = (code) => reject(new Error(`${what}: the engine's process ended with code ${code}.`));
      this.#child.once("exit", ended);
      this.#child.once("message", (message) => {
        this.#child.off("exit", ended);
        resolve(message);
      });
    });
  }
}
