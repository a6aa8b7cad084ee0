/** The real `izwi serve` in a process of its own, on a free port, with the built-in model. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { program } from "../cli/program.js";

export const MODEL = "izwi-tiny";

export interface TestServer {
  url: string;
  modelsDir: string;
  process: ChildProcess;
  /** Everything that it wrote. */
  output(): string;
  /** The sum of a metric's samples, of those with this label where one is given. */
  metric(name: string, label?: string): Promise<number>;
  /** Bytes of memory that the process holds; 0 where the system doesn't tell. */
  residentBytes(): number;
  /** How many requests are still active, after waiting a while for there to be none. */
  leftActive(): Promise<number>;
  /** Ends it with SIGTERM and gives its exit code. */
  stop(): Promise<number | null>;
}

/** Starts the server and waits until it is ready. */
export async function serve(...flags: string[]): Promise<TestServer> {
  return serveIn(() => ({}), ...flags);
}

/** As `serve`, with further variables in its environment; they may depend on its home. */
export async function serveIn(more: (home: string) => Record<string, string>, ...flags: string[]): Promise<TestServer> {
  const home = mkdtempSync(join(tmpdir(), "izwi-serve-"));
  const { PATH, SystemRoot, LD_LIBRARY_PATH } = process.env;
  const modelsDir = join(home, "models");
  const env = {
    ...{ PATH, SystemRoot, LD_LIBRARY_PATH, HOME: home, IZWI_MODELS_DIR: modelsDir, NO_COLOR: "1" },
    ...more(home),
  };
  const child = spawn(process.execPath, [program, "serve", "--port", "0", "--model", MODEL, ...flags], { env });
  let output = "";
  const url = new Promise<string>((resolve, reject) => {
    const read = (text: string) => {
      output += text;
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(output);
      if (found) resolve(found[0]);
    };
    child.stdout.setEncoding("utf8").on("data", read);
    child.stderr.setEncoding("utf8").on("data", read);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`izwi serve ended with code ${code}:\n${output}`)));
  });
  const server: TestServer = {
    url: await url,
    modelsDir,
    process: child,
    output: () => output,
    metric: (name, label = "") => metric(server.url, name, label),
    residentBytes: () => residentBytes(child.pid!),
    leftActive: () => leftActive(server),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGTERM");
        await once(child, "exit");
      }
      rmSync(home, { recursive: true, force: true });
      return child.exitCode;
    },
  };
  await untilReady(server);
  return server;
}

async function untilReady(server: TestServer): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if ((await fetch(`${server.url}/readyz`)).status === 200) return;
    await pause(50);
  }
  throw new Error(`The server isn't ready:\n${server.output()}`);
}

async function metric(url: string, name: string, label: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const named = text.split("\n").filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  const samples = named.filter((line) => line.includes(label));
  if (samples.length === 0) throw new Error(`There is no metric ${name} ${label}.`);
  return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

function residentBytes(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) * 1024;
  } catch {
    return 0;
  }
}

async function leftActive(server: TestServer): Promise<number> {
  for (let tries = 0; tries < 200; tries += 1) {
    if ((await server.metric("izwi_requests_active")) === 0) return 0;
    await pause(50);
  }
  return server.metric("izwi_requests_active");
}

export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
