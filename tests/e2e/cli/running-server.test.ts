/** The commands that ask a running server, against the real `izwi serve`. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { greedy, izwi, program } from "./program.js";

let home: string;
let url: string;
let stop: () => Promise<void>;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "izwi-e2e-server-"));
  const env = { PATH: process.env["PATH"], HOME: home, IZWI_MODELS_DIR: join(home, "models") };
  const child = spawn(process.execPath, [program, "serve", "--port", "0"], { env });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  stop = () => {
    child.kill("SIGTERM");
    return ended;
  };
  url = await new Promise((resolve, reject) => {
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      const found = /http:\/\/[\w.]+:\d+(?=[\s"])/.exec(stderr);
      if (found) resolve(found[0]);
    });
    void ended.then(() => reject(new Error(stderr)));
  });
});

afterAll(async () => {
  await stop();
  rmSync(home, { recursive: true, force: true });
});

const onServer = (...args: string[]) => izwi([...args, "--server", url]);

it("loads, shows and unloads a model", async () => {
  expect((await onServer("ps", "--json")).stdout).toBe("[]\n");
  expect(await onServer("models", "load", "izwi-tiny", "--wait")).toMatchObject({ code: 0 });
  expect((await onServer("ps", "--output-format", "plain")).stdout).toBe("izwi-tiny\n");
  const status = JSON.parse((await onServer("status", "-d", "--json")).stdout) as object;
  expect(status).toMatchObject({ status: "ok", models: [{ id: "izwi-tiny", status: "ready" }], work: {} });
  expect(await onServer("models", "unload", "all", "--yes")).toMatchObject({ code: 0 });
  expect((await onServer("ps", "--json")).stdout).toBe("[]\n");
  expect(await onServer("models", "load", "absent")).toMatchObject({ code: 1 });
});

it("chats through it as in this process, saves, and goes on", async () => {
  const file = join(home, "talk.json");
  const ask = ["chat", ...greedy, "-m", "izwi-tiny", "-p"];
  const there = await onServer(...ask, "My name is Alice", "--save", file);
  const here = await izwi([...ask, "My name is Alice"]);
  expect(there).toMatchObject({ code: 0, stdout: here.stdout });
  expect(existsSync(file)).toBe(true);
  const next = await onServer("chat", "--resume", file, "--save", file, "-p", "What's my name?");
  expect(next.stdout).toContain("Alice");
  expect((JSON.parse(readFileSync(file, "utf8")) as { messages: object[] }).messages).toHaveLength(4);
});

it("is measured as its clients see it", async () => {
  const flags = ["-m", "izwi-tiny", "-i", "6", "--clients", "3", "--max-tokens", "8", "--json"];
  const { stdout, code } = await onServer("bench", ...flags);
  expect(code).toBe(0);
  const found = JSON.parse(stdout) as { ttftMs: { mean: number }; answers: number };
  expect(found).toMatchObject({ answers: 6, clients: 3, failed: 0 });
  expect(found.ttftMs.mean).toBeGreaterThan(0);
});

it("accounts for every answer of a crowd that comes and goes", async () => {
  const crowd = ["-m", "izwi-tiny", "--requests", "24", "--clients", "6", "--max-tokens", "64", "--aborts", "50"];
  const { stdout, code } = await onServer("bench", ...crowd, "--json");
  expect(code).toBe(0);
  const found = JSON.parse(stdout) as { answers: number; left: number; interTokenMs: object };
  expect(found).toMatchObject({ failed: 0, errors: [], interTokenMs: { p99: expect.any(Number) } });
  expect(found.answers + found.left).toBe(24);
  expect(found.answers).toBeGreaterThan(0);
});
