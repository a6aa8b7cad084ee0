import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ChatMessage, ChatRequest } from "@izwi/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadBuiltin, read } from "./built-in.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "izwi-kv-type-"));
});
afterAll(() => rm(folder, { recursive: true }));

const request: ChatRequest = {
  messages: [
    { role: "system", content: "You are a friendly assistant. ".repeat(8) },
    { role: "user", content: "My name is Alice. What is my name?" },
  ],
  temperature: 0,
  maxTokens: 24,
};

describe("a KV cache of q8_0", () => {
  it("takes 17/32 of the memory of f16, and says what it is", async () => {
    const options = { contextLength: 256, backend: "cpu" } as const;
    await using f16 = await loadBuiltin(options);
    await using q8 = await loadBuiltin({ ...options, kvCacheType: "q8_0" });
    expect(f16.info.kvCacheType).toBe("f16");
    expect(q8.info.kvCacheType).toBe("q8_0");
    expect(q8.stats().blocksTotal).toBe(f16.stats().blocksTotal);
    expect(q8.info.kvCacheBytes).toBe((f16.info.kvCacheBytes * 17) / 32);
  });

  it("gives log-probabilities close to those of f16", async () => {
    await using f16 = await loadBuiltin({ backend: "cpu" });
    await using q8 = await loadBuiltin({ backend: "cpu", kvCacheType: "q8_0" });
    const messages: ChatMessage[] = [];
    for (const content of ["Hello! My name is Alice.", "Count to ten, please.", "Who are you?", "What is my name?"]) {
      messages.push({ role: "user", content });
      const { text } = await read(f16.chat({ messages, temperature: 0, maxTokens: 60 }));
      messages.push({ role: "assistant", content: text });
    }
    const ids = f16.tokenize(f16.applyTemplate({ messages }).repeat(3), { parseSpecial: true });
    const [expected, actual] = await Promise.all([f16.score(ids), q8.score(ids)]);
    const differences = expected.slice(1).map((score, index) => Math.abs(score! - actual[index + 1]!));
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    // It isn't the same computation. (candle's f32, beside f16, is 0.025 and 0.42 away.)
    expect(mean(differences)).toBeGreaterThan(0);
    expect(mean(differences)).toBeLessThan(0.08);
    expect(Math.max(...differences)).toBeLessThan(1);
    const perplexity = (scores: (number | null)[]) => Math.exp(-mean(scores.slice(1).map((score) => score!)));
    expect(perplexity(actual) / perplexity(expected)).toBeCloseTo(1, 1);
  });

  it("answers, from its own file, too, and takes nothing from the file of another type", async () => {
    const path = join(folder, "q8.kv");
    await using first = await loadBuiltin({ backend: "cpu", kvCacheType: "q8_0" });
    const { text: answer, end } = await read(first.chat(request));
    expect(answer).toContain("Alice");
    const saved = await first.saveCache(path, request);
    expect(end.usage.promptTokens - saved).toBeLessThan(first.info.blockSize);

    await using second = await loadBuiltin({ backend: "cpu", kvCacheType: "q8_0" });
    expect(await second.loadCache(path)).toBe(saved);
    const restored = await read(second.chat(request));
    expect(restored.end.usage.cachedTokens).toBe(saved);
    expect(restored.text).toBe(answer);

    await using other = await loadBuiltin({ backend: "cpu" });
    expect(await other.loadCache(path)).toBe(0);
    const { end: anew } = await read(other.chat(request));
    expect(anew.usage.cachedTokens).toBe(0);
    await other.saveCache(join(folder, "f16.kv"), request);
    const bytes = async (name: string) => (await readFile(join(folder, name))).length;
    expect((await bytes("q8.kv")) / (await bytes("f16.kv"))).toBeCloseTo(17 / 32, 2);
  });

  it("is refused where there is none, and so is a type that nobody knows", async () => {
    await expect(loadBuiltin({ backend: "candle", kvCacheType: "q8_0" })).rejects.toMatchObject({
      code: "UNSUPPORTED_MODEL",
      message: expect.stringContaining('a KV cache of q8_0 is for the backend "cpu" alone; "candle" keeps f32'),
    });
    await expect(loadBuiltin({ kvCacheType: "q4_0" as "q8_0" })).rejects.toMatchObject({
      code: "INVALID_REQUEST",
      message: expect.stringContaining("kvCacheType must be one of f16, q8_0"),
    });
  });
});
