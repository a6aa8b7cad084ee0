/** The commands that measure a model, with the real one that comes with the software. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BUILTIN_MODEL, loadModel } from "@izwi/core";
import { expect, it, onTestFinished } from "vitest";
import { izwi } from "./program.js";

const text = "Hello! How can I help you today? My name is Alice, and I like the sea. What is your name?\n".repeat(8);

function textFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "izwi-e2e-text-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "text.txt"), text);
  return join(folder, "text.txt");
}

it("perplexity is what the library's scores say", async () => {
  await using model = await loadModel(BUILTIN_MODEL);
  const ids = model.tokenize(text);
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const scores = async (ids: number[]) => (await model.score(ids)).map((score) => score ?? 0);

  const measure = async (...flags: string[]) => {
    const { stdout, code } = await izwi(["perplexity", textFile(), "-m", "builtin", "--json", ...flags]);
    expect(code).toBe(0);
    return JSON.parse(stdout) as { perplexity: number; tokens: number };
  };
  const whole = await measure("--window", "1024");
  expect(whole.tokens).toBe(ids.length - 1);
  expect(Math.log(whole.perplexity)).toBeCloseTo(-mean((await scores(ids)).slice(1)), 2);

  const chunks = await measure("--method", "chunks", "--window", "64");
  const halves: number[] = [];
  for (let at = 0; at + 64 <= ids.length; at += 64) halves.push(...(await scores(ids.slice(at, at + 64))).slice(33));
  expect(chunks.tokens).toBe(halves.length);
  expect(Math.log(chunks.perplexity)).toBeCloseTo(-mean(halves), 2);
});

it("--kv-type reaches the model, as its variable does, and a wrong one is a wrong command line", async () => {
  const file = textFile();
  const perplexity = async (env: Record<string, string>, ...flags: string[]) => {
    const command = ["perplexity", file, "-m", "builtin", "--backend", "cpu", "--json"];
    const { stdout, code } = await izwi([...command, ...flags], { env });
    expect(code).toBe(0);
    return (JSON.parse(stdout) as { perplexity: number }).perplexity;
  };
  const f16 = await perplexity({});
  const q8 = await perplexity({}, "--kv-type", "q8_0");
  expect(q8).not.toBe(f16);
  expect(q8 / f16).toBeCloseTo(1, 1);
  expect(await perplexity({ IZWI_KV_CACHE_DTYPE: "q8_0" })).toBe(q8);
  expect(await perplexity({ IZWI_KV_CACHE_DTYPE: "q8_0" }, "--kv-type", "f16")).toBe(f16);

  const ask = ["chat", "-m", "builtin", "-p", "Hello! Who are you?", "--temperature", "0", "--kv-type"];
  expect((await izwi([...ask, "q8_0"])).stdout).toContain("Izwi");
  expect(await izwi([...ask, "q2_k"])).toMatchObject({ code: 2, stderr: expect.stringContaining("f16, q8_0") });
  const elsewhere = await izwi([...ask, "q8_0", "--backend", "candle"]);
  expect(elsewhere).toMatchObject({ code: 1, stderr: expect.stringContaining('for the backend "cpu" alone') });
});

it("tokenize shows what the library's tokenizer gives", async () => {
  await using model = await loadModel(BUILTIN_MODEL);
  const { stdout } = await izwi(["tokenize", "-m", "builtin", "--output-format", "plain"], { input: text });
  expect(stdout.trim().split("\n").map(Number)).toEqual(model.tokenize(text));
});

it("bench measures the model's own speed", async () => {
  const flags = ["--prefill", "32", "--depth", "0,256", "--batch", "3", "--tokens", "8", "-r", "2"];
  const { stdout, code } = await izwi(["bench", "builtin", ...flags, "--json"]);
  expect(code).toBe(0);
  const found = JSON.parse(stdout) as { works: { kind: string; tokensPerSecond: { least: number } }[] };
  expect(found).toMatchObject({ model: BUILTIN_MODEL, leftOut: 0, memoryBytesPerSecond: expect.any(Number) });
  expect(found.works.map(({ kind }) => kind)).toEqual(["prefill", "decode", "decode", "batch"]);
  for (const { tokensPerSecond } of found.works) expect(tokensPerSecond.least).toBeGreaterThan(1);
  const table = await izwi(["bench", "builtin", ...flags]);
  expect(table.stdout).toMatch(/^decode 3 together +[\d.]+ +[\d.]+ +[\d.]+$/m);
});

it("bench and doctor tell figures", async () => {
  const bench = await izwi(["bench", "-m", "builtin", "-i", "3", "--max-tokens", "8", "--json"]);
  const found = JSON.parse(bench.stdout) as { decodeTokensPerSecond: { mean: number }; prefillTokensPerSecond: object };
  expect(found.decodeTokensPerSecond.mean).toBeGreaterThan(1);
  expect(found).toMatchObject({ answers: 3, failed: 0, prefillTokensPerSecond: { mean: expect.any(Number) } });
  const doctor = await izwi(["doctor", "--json"]);
  const { checks, machine } = JSON.parse(doctor.stdout) as {
    checks: { name: string; status: string; detail: string }[];
    machine: { bandwidthBytesPerSecond: number };
  };
  expect(machine.bandwidthBytesPerSecond).toBeGreaterThan(1e8);
  const engine = checks.find(({ name }) => name === "engine");
  expect(engine).toMatchObject({ status: "ok", detail: expect.stringMatching(/\.node \(/) });
});
