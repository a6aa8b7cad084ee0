/** A pseudo-terminal with `izwi` in it, made by `script` of util-linux: keys go in, the screen comes out. */
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { stripVTControlCharacters } from "node:util";
import { cleanEnvironment, program } from "./program.js";

export const hasTerminal = String(spawnSync("script", ["--version"]).stdout).includes("util-linux");

export const keys = {
  enter: "\r",
  up: "\u001b[A",
  ctrlC: "\u0003",
  ctrlD: "\u0004",
  paste: (text: string) => `\u001b[200~${text.replaceAll("\n", "\r")}\u001b[201~`,
};

export class Terminal {
  /** Everything that was drawn, escape codes and all. */
  raw = "";
  /** The program's exit code. */
  readonly exit: Promise<number | null>;
  readonly #script: ChildProcess;
  #seen = 0;

  constructor(args: string[], env: NodeJS.ProcessEnv = cleanEnvironment()) {
    const quoted = [process.execPath, program, ...args].map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`);
    // `script` without a terminal of its own makes one of no size.
    const command = `stty rows 24 cols 100; exec ${quoted.join(" ")}`;
    this.#script = spawn("script", ["-qfec", command, "/dev/null"], { env: { ...env, SHELL: "/bin/sh" } });
    this.#script.stdout!.setEncoding("utf8").on("data", (text: string) => (this.raw += text));
    this.exit = new Promise((resolve) => this.#script.on("close", (code) => resolve(code)));
  }

  /** What a reader sees, without colours and cursor movements. */
  get text(): string {
    return stripVTControlCharacters(this.raw).replaceAll("\r", "");
  }

  type(text: string): void {
    this.#script.stdin!.write(text);
  }

  /** Types a line and gives what was shown from then to the next prompt. */
  async say(line: string): Promise<string> {
    const before = this.text.length;
    this.type(line + keys.enter);
    await this.shows(line);
    await this.shows("You: ");
    return this.text.slice(before);
  }

  /** Waits until `text` is shown after what was waited for before. */
  async shows(text: string, timeoutMs = 20_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const at = this.text.indexOf(text, this.#seen);
      if (at >= 0) {
        this.#seen = at + text.length;
        return;
      }
      if (Date.now() > deadline) {
        throw new Error(`The terminal never showed ${JSON.stringify(text)}. It showed:\n${this.text}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Ends the program if a test left it running. */
  kill(): void {
    this.#script.kill();
  }
}
