/** Programs that are part of the system, run for their output. */
import { spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { abortError, IzwiError } from "../errors.js";

/** The program's path, or undefined where the system has none of that name. */
export function findProgram(
  name: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined {
  const windows = process.platform === "win32";
  const path = env["PATH"] ?? env["Path"] ?? "";
  const endings = windows ? (env["PATHEXT"] ?? ".EXE").split(";") : [""];
  const candidates = path.split(delimiter).flatMap((folder) => endings.map((ending) => join(folder, name + ending)));
  return candidates.find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

export interface SpawnOptions {
  input?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** What the program writes to its standard output. It gets no shell, so that no text can be a command. */
export function outputOf(program: string, args: readonly string[], options: SpawnOptions = {}): Promise<Buffer> {
  const { input, signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortError(signal));
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], windowsHide: true });
    const onAbort = () => void child.kill();
    signal?.addEventListener("abort", onAbort, { once: true });
    const chunks: Buffer[] = [];
    let complaint = "";
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint = (complaint + text).slice(-500)));
    child.on("error", (error) => reject(new IzwiError("DEVICE_UNAVAILABLE", `${program}: ${error.message}`)));
    child.on("close", (code) => {
      signal?.removeEventListener("abort", onAbort);
      if (signal?.aborted) return reject(abortError(signal));
      if (code === 0) return resolve(Buffer.concat(chunks));
      reject(new IzwiError("DEVICE_UNAVAILABLE", `${program} ended with code ${code}. ${complaint.trim()}`));
    });
    // A program that ends early doesn't read the rest; its exit code says why.
    child.stdin.on("error", () => {});
    child.stdin.end(input ?? "");
  });
}
