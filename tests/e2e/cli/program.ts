/** The real command, as a person would run it, in an environment of its own. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

export const program = fileURLToPath(new URL("../../../packages/cli/bin/izwi.js", import.meta.url));

/** Greedy: the same answer each time. */
export const greedy = ["--temperature", "0"];

/** Almost even odds for every token: the answer hardly ever ends before the context does, so it can be stopped. */
export const endless = ["--temperature", "1000", "--top-k", "0", "--top-p", "1", "--seed", "1"];

export interface Outcome {
  stdout: string;
  stderr: string;
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** No model installed, no history, none of the settings of whoever runs the tests. */
export function cleanEnvironment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  const home = mkdtempSync(join(tmpdir(), "izwi-e2e-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const { PATH, SystemRoot, LD_LIBRARY_PATH } = process.env;
  return {
    PATH,
    ...(SystemRoot !== undefined && { SystemRoot }),
    ...(LD_LIBRARY_PATH !== undefined && { LD_LIBRARY_PATH }),
    HOME: home,
    XDG_STATE_HOME: join(home, "state"),
    IZWI_MODELS_DIR: join(home, "models"),
    TERM: "xterm-256color",
    LANG: "C.UTF-8",
    ...more,
  };
}

export interface RunOptions {
  /** Standard input; without it, the input is at its end at once. */
  input?: string;
  env?: Record<string, string>;
  /** Called with all of standard output so far. */
  onOutput?: (stdout: string, child: ChildProcess) => void;
}

/** Runs `izwi` with pipes for all three streams. */
export function izwi(args: string[], options: RunOptions = {}): Promise<Outcome> {
  return finish(spawn(process.execPath, [program, ...args], { env: cleanEnvironment(options.env) }), options);
}

/** Runs a shell command line in which `$izwi` is the program. */
export function shell(command: string, options: RunOptions = {}): Promise<Outcome> {
  const env = cleanEnvironment({ izwi: `${process.execPath} ${program}`, ...options.env });
  return finish(spawn("bash", ["-o", "pipefail", "-c", command], { env }), options);
}

function finish(child: ChildProcess, { input, onOutput }: RunOptions): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    let stdout = "";
    let stderr = "";
    child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      onOutput?.(stdout, child);
    });
    child.stderr!.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ stdout, stderr, code, signal }));
    child.stdin!.on("error", () => {});
    child.stdin!.end(input ?? "");
  });
}
