/** The world around the program in a test: a keyboard, two screens, an environment and signals. */
import { EventEmitter } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { onTestFinished } from "vitest";
import { run } from "../run.js";
import type { World } from "../run.js";
import { FakeCore } from "./fake-core.js";
import type { FakeCoreOptions } from "./fake-core.js";
import { FakeServer } from "./fake-server.js";

class FakeScreen extends PassThrough {
  isTTY: boolean;
  columns = 80;
  text = "";

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
    this.setEncoding("utf8");
    this.on("data", (chunk: string) => (this.text += chunk));
  }
}

class FakeKeyboard extends PassThrough {
  isTTY: boolean;
  raw = false;

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }

  setRawMode(raw: boolean): this {
    this.raw = raw;
    return this;
  }
}

export class FakeSignals extends EventEmitter {
  readonly exits: number[] = [];

  exit(code: number): void {
    this.exits.push(code);
  }
}

export interface FakeWorldOptions extends FakeCoreOptions {
  /** Which of the three streams are a terminal. Default: none. */
  terminal?: boolean | { stdin?: boolean; stdout?: boolean; stderr?: boolean };
  env?: Record<string, string>;
  /** The configuration file's text. */
  config?: string;
}

export class FakeWorld implements World {
  readonly stdin: FakeKeyboard;
  readonly stdout: FakeScreen;
  readonly stderr: FakeScreen;
  readonly env: Record<string, string>;
  readonly signals = new FakeSignals();
  readonly core: FakeCore;
  readonly loadCore = async () => this.core;
  readonly server = new FakeServer();
  readonly loadServer = async () => this.server;
  readonly opened: string[] = [];
  readonly openBrowser = (url: string) => void this.opened.push(url);
  /** The configuration file, in a folder of this test's own. */
  readonly configFile: string;

  constructor(options: FakeWorldOptions = {}) {
    const { terminal = false } = options;
    const is = typeof terminal === "boolean" ? { stdin: terminal, stdout: terminal, stderr: terminal } : terminal;
    this.stdin = new FakeKeyboard(is.stdin ?? false);
    this.stdout = new FakeScreen(is.stdout ?? false);
    this.stderr = new FakeScreen(is.stderr ?? false);
    // State goes to a folder of this test's own, never to the person's who runs it.
    const state = mkdtempSync(path.join(tmpdir(), "izwi-cli-"));
    onTestFinished(() => rmSync(state, { recursive: true, force: true }));
    this.configFile = path.join(state, "config.toml");
    writeFileSync(this.configFile, options.config ?? "");
    this.env = { XDG_STATE_HOME: state, IZWI_CONFIG: this.configFile, ...options.env };
    this.core = new FakeCore(options);
  }

  /** Runs the program with nothing (more) on standard input. */
  run(...argv: string[]): Promise<number> {
    this.stdin.end();
    return run(argv, this);
  }

  /** Runs the program and leaves the keyboard to the test. */
  start(...argv: string[]): Promise<number> {
    return run(argv, this);
  }

  type(keys: string): void {
    this.stdin.write(keys);
  }

  /** Waits until a screen shows `text` after what was waited for before. */
  async shows(text: string, stream: "stdout" | "stderr" = "stderr"): Promise<void> {
    const deadline = Date.now() + 4000;
    for (;;) {
      const shown = stripVTControlCharacters(this[stream].text);
      const at = shown.indexOf(text, this.#seen[stream]);
      if (at >= 0) {
        this.#seen[stream] = at + text.length;
        return;
      }
      if (Date.now() > deadline) {
        const rest = JSON.stringify(shown.slice(this.#seen[stream]));
        throw new Error(`${stream} never showed ${JSON.stringify(text)}, but ${rest}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  readonly #seen = { stdout: 0, stderr: 0 };
}
