import { describe, expect, it } from "vitest";
import { end, words } from "../fakes/fake-core.js";
import { FakeWorld } from "../fakes/fake-world.js";

const installed = ["a"];

describe("bench: a model's speed", () => {
  it("measures prompts, depths and batches of the model that is named", async () => {
    const world = new FakeWorld({ installed });
    const flags = ["--prefill", "16", "--depth", "0,64", "--batch", "2", "--tokens", "8", "-r", "2", "--json"];
    expect(await world.run("bench", "a", ...flags)).toBe(0);
    const found = JSON.parse(world.stdout.text);
    expect(found).toMatchObject({ model: "a", repetitions: 2, leftOut: 0, memoryBytesPerSecond: 20e9 });
    expect(found.works).toMatchObject([
      { kind: "prefill", sequences: 1, depth: 0, prompt: 16, tokens: 1 },
      { kind: "decode", sequences: 1, depth: 0, prompt: 1, tokens: 8 },
      { kind: "decode", sequences: 1, depth: 64, prompt: 1, tokens: 8 },
      { kind: "batch", sequences: 2, depth: 128, prompt: 1, tokens: 8 },
    ]);
    // The fake's file fits into a processor's caches, so that memory isn't its limit.
    expect(found.works[1].shareOfMemory).toBeUndefined();
    expect(found.works[1].tokensPerSecond.median).toBeGreaterThan(0);
    expect(world.core.loaded[0]!.options).toMatchObject({ contextLength: 138, maxRunning: 2, speculation: "off" });
    expect(world.core.model.closed).toBe(true);
  });

  it("asks for what it says: the depth is cached, and what is timed was never seen before", async () => {
    const world = new FakeWorld({ installed });
    expect(await world.run("bench", "a", "--prefill", "none", "--depth", "64", "--batch", "none", "-r", "2")).toBe(0);
    const { completions } = world.core.model;
    const cached = completions.filter(({ maxTokens }) => maxTokens === 1).map(({ tokenIds }) => tokenIds);
    const timed = completions.filter(({ maxTokens }) => maxTokens === 64).map(({ tokenIds }) => tokenIds);
    expect(cached.map(({ length }) => length)).toEqual([64, 64, 64]);
    expect(timed.map(({ length }) => length)).toEqual([65, 65, 65]);
    for (const ids of timed) expect(ids.slice(0, 64)).toEqual(cached[0]);
    expect(new Set(timed.map((ids) => ids.at(-1))).size).toBe(3);
    expect(completions[0]).toMatchObject({ temperature: 0, stopTokenIds: [] });
  });

  it("tells people, and says what doesn't fit", async () => {
    const world = new FakeWorld({ installed });
    expect(await world.run("bench", "a", "--prefill", "16", "--depth", "0,100000", "--batch", "none")).toBe(0);
    expect(world.stdout.text).toMatch(/^memory +20\.0 GB\/s can be read$/m);
    expect(world.stdout.text).toMatch(/^ +TOKENS\/S +LEAST +MOST +OF MEMORY$/m);
    expect(world.stdout.text).toMatch(/^read 16 tokens +[\d.]+ +[\d.]+ +[\d.]+$/m);
    expect(world.stderr.text).toContain("1 left out: the model's context has only 2048 tokens.");
  });

  it("takes the built-in model where the default one isn't installed", async () => {
    const world = new FakeWorld();
    expect(await world.run("bench", "--prefill", "4", "--depth", "none", "--batch", "none")).toBe(0);
    expect(world.stderr.text).toContain("the built-in model is used");
  });

  it.each([
    [["chat", "--depth", "0"], "--depth is about a model's speed, and 'chat' about answers"],
    [["--max-tokens", "4", "--batch", "2"], "--batch is about a model's speed, and --max-tokens about answers"],
    [
      ["--server", "http://localhost:1", "-r", "2"],
      "--repetitions is about a model's speed, and --server about answers",
    ],
    [["a", "-m", "b"], "two models are named, 'a' and 'b'"],
    [["--prefill", "12,x"], "--prefill must be a whole number"],
    [["--requests", "3", "-i", "4"], "--requests and --iterations mean the same"],
    [["--aborts", "101"], "--aborts must be a number from 0 to 100"],
  ])("%j is refused", async (flags, message) => {
    const world = new FakeWorld({ installed });
    expect(await world.run("bench", ...flags)).toBe(2);
    expect(world.stderr.text).toContain(message);
    expect(world.core.loaded).toEqual([]);
  });
});

describe("bench: answers", () => {
  it("measures answers whose prompts no cache has", async () => {
    const world = new FakeWorld({ installed });
    const flags = ["-i", "3", "-c", "2", "--warmup", "--max-tokens", "9", "-p", "Go", "-s", "Be kind."];
    expect(await world.run("bench", "chat", "-m", "a", ...flags, "--json")).toBe(0);
    const found = JSON.parse(world.stdout.text);
    expect(found).toMatchObject({ model: "a", clients: 2, answers: 3, failed: 0, left: 0, completionTokens: 63 });
    expect(found.prefillTokensPerSecond.mean).toBeCloseTo(300);
    expect(found.decodeTokensPerSecond).toMatchObject({ mean: 40, median: 40, p95: 40, p99: 40 });
    expect(found.runs).toHaveLength(3);
    const { requests } = world.core.model;
    expect(new Set(requests.map(({ messages }) => messages[0]!.content)).size).toBe(4);
    expect(requests[0]).toMatchObject({ maxTokens: 9, temperature: 0 });
    expect(world.core.loaded[0]!.options).toMatchObject({ maxRunning: 2 });
    expect(world.core.model.closed).toBe(true);
  });

  it("tells of answers that failed, each kind with how often", async () => {
    let asked = 0;
    const answer = () => (++asked % 2 === 0 ? [new Error("It broke.")] : "Fine.");
    const world = new FakeWorld({ installed, answer });
    expect(await world.run("benchmark", "-m", "a", "-i", "5")).toBe(1);
    expect(world.stdout.text).toMatch(/^failed +2: It broke\.$/m);
    expect(world.stdout.text).toMatch(/^TTFT, ms\s+\d/m);
    const all = new FakeWorld({ installed, answer: () => [new Error("It broke.")] });
    expect(await all.run("bench", "-m", "a", "-i", "2")).toBe(1);
    expect(all.stderr.text).toContain("No answer came: It broke.");
  });

  it("leaves answers in the middle, and counts them apart", async () => {
    const answer = () => [...words("a ".repeat(30)).slice(0, -1), "wait" as const, end()];
    const world = new FakeWorld({ installed, answer });
    expect(await world.run("bench", "chat", "-m", "a", "--requests", "8", "--aborts", "100", "--json")).toBe(0);
    expect(JSON.parse(world.stdout.text)).toMatchObject({ answers: 0, left: 8, failed: 0, completionTokens: 0 });
  });

  it("goes on for a time, where that is asked for", async () => {
    const world = new FakeWorld({ installed, answer: () => "Fine, thank you." });
    expect(await world.run("bench", "chat", "-m", "a", "--duration", "0.05", "--json")).toBe(0);
    const { answers, runs, interTokenMs } = JSON.parse(world.stdout.text);
    expect(answers).toBeGreaterThan(0);
    expect(runs).toHaveLength(answers);
    expect(interTokenMs.p99).toBeGreaterThanOrEqual(interTokenMs.median);
  });
});
