// Running other programs and talking to the person who waits. Node built-ins only: this runs before any install.
import { spawn, spawnSync } from "node:child_process";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root folder, without a trailing separator. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url)).replace(/[\\/]$/, "");

/** Someone is watching: progress bars make sense. */
export const WATCHED = process.stderr.isTTY === true;

const COLOR = WATCHED && !process.env.NO_COLOR;

/** One line about what is being done, on stderr so that stdout stays the program's own. */
export function say(line) {
  process.stderr.write(COLOR ? `\x1b[2m${line}\x1b[0m\n` : `${line}\n`);
}

/** A failure that the person can do something about: its message is shown without a stack. */
export class Advice extends Error {}

/** Runs a script's main function; a failure is one sentence and exit code 1. */
export async function main(run) {
  try {
    process.exitCode = (await run()) ?? 0;
  } catch (error) {
    if (!(error instanceof Advice)) throw error;
    process.stderr.write(`\n${error.message}\n`);
    process.exitCode = 1;
  }
}

/**
 * Runs a program to its end. What it prints goes to this process's stderr, unless it's asked for: `collect` returns
 * all of it while still showing it, `quiet` returns it without showing it, `collectStdout` returns stdout alone and
 * lets stderr through to the terminal as it is.
 *
 * @returns {Promise<{ code: number, output: string, stdout: string }>} code is 127 when there is no such program
 */
export function run(command, args, options = {}) {
  const { cwd = ROOT, env = {}, collect = false, quiet = false, collectStdout = false, onOutput } = options;
  const both = collect || quiet;
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", both || collectStdout ? "pipe" : process.stderr, both ? "pipe" : process.stderr],
    });
    const result = { output: "", stdout: "" };
    const read = (stream, isStdout) =>
      stream?.setEncoding("utf8").on("data", (text) => {
        result.output += text;
        if (isStdout) result.stdout += text;
        if (collect) process.stderr.write(text);
        onOutput?.(text);
      });
    read(child.stdout, true);
    read(child.stderr, false);
    child.on("error", () => resolve({ code: 127, ...result }));
    child.on("close", (code) => resolve({ code: code ?? 1, ...result }));
  });
}

/** Runs npm: the one that runs this script, if there is one, else the one on the PATH. */
export function npm(args, options) {
  const cli = process.env.npm_execpath;
  if (cli && basename(cli).startsWith("npm-cli")) return run(process.execPath, [cli, ...args], options);
  return run(process.platform === "win32" ? "npm.cmd" : "npm", args, options);
}

/** The first line that a program prints, or undefined when it can't be run. */
export function firstLine(command, args) {
  const { status, stdout } = spawnSync(command, args, { cwd: ROOT, encoding: "utf8" });
  return status === 0 ? stdout.split("\n")[0].trim() : undefined;
}
