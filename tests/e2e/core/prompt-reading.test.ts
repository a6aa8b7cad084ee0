import type { Model } from "@izwi/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { endless, loadBuiltin, read, untilIdle } from "./built-in.js";

let model: Model;
beforeAll(async () => {
  model = await loadBuiltin();
});
afterAll(() => model.close());

const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, index) => sum + value * b[index]!, 0);

describe("logprobs", () => {
  it("are the scores with the likeliest alternatives", async () => {
    const tokenIds = model.tokenize("The quick brown fox jumps over the lazy dog. ".repeat(12));
    const [scores, logprobs] = await Promise.all([model.score(tokenIds), model.logprobs(tokenIds, { top: 5 })]);
    expect(logprobs).toHaveLength(tokenIds.length);
    expect(logprobs[0]).toBeNull();
    logprobs.slice(1).forEach((entry, index) => {
      expect(entry!.tokenId).toBe(tokenIds[index + 1]);
      expect(entry!.logprob).toBeCloseTo(scores[index + 1]!, 1);
      expect(entry!.top).toHaveLength(5);
      expect(entry!.top[0]!.logprob).toBeGreaterThanOrEqual(entry!.logprob);
    });
    expect((await model.logprobs(tokenIds.slice(0, 2)))[1]!.top).toEqual([]);
  });

  it("can be cancelled, and fail on a prompt that is too long", async () => {
    const long = Array.from({ length: model.info.contextLength + 1 }, () => 65);
    await expect(model.logprobs(long)).rejects.toMatchObject({ code: "CONTEXT_OVERFLOW" });
    const controller = new AbortController();
    const reading = model.logprobs(long.slice(1), { signal: controller.signal });
    setImmediate(() => controller.abort());
    await expect(reading).rejects.toMatchObject({ code: "ABORTED" });
    await untilIdle(model);
  });
});

describe("embed", () => {
  it("gives unit vectors, the same for the same text, also beside a chat", async () => {
    const tokenIds = model.tokenize("My name is Alice and I like apples. ".repeat(20));
    for (const pooling of ["mean", "last"] as const) {
      const first = await model.embed(tokenIds, { pooling });
      expect(first).toHaveLength(model.info.hiddenSize);
      expect(dot(first, first)).toBeCloseTo(1, 4);
      const [again] = await Promise.all([
        model.embed(tokenIds, { pooling }),
        read(model.chat(endless(model, "Hello!", 20))),
      ]);
      expect(dot(first, again)).toBeCloseTo(1, 2);
    }
  });

  it("tells like from unlike", async () => {
    const embed = (text: string) => model.embed(model.tokenize(text));
    const [alice, bob, count] = [
      await embed("My name is Alice."),
      await embed("My name is Bob."),
      await embed("Count from 3 to 9!"),
    ];
    expect(dot(alice!, bob!)).toBeGreaterThan(dot(alice!, count!));
  });

  it("refuses nothing and too much, and can be cancelled", async () => {
    await expect(model.embed([])).rejects.toMatchObject({ code: "INVALID_REQUEST" });
    const whole = Array.from({ length: model.info.contextLength }, () => 65);
    await expect(model.embed([...whole, 65])).rejects.toMatchObject({ code: "CONTEXT_OVERFLOW" });
    await expect(model.embed(whole, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
    const controller = new AbortController();
    const reading = model.embed(whole, { signal: controller.signal });
    setImmediate(() => controller.abort());
    await expect(reading).rejects.toMatchObject({ code: "ABORTED" });
    await untilIdle(model);
  });
});

describe("the info and the options", () => {
  it("tell the KV cache's size, and bound the queue", async () => {
    expect(model.info.kvCacheBytes).toBeGreaterThan(model.info.contextLength);
    await using small = await loadBuiltin({ maxRunning: 1, maxWaiting: 0 });
    const first = small.chat(endless(small, "Hello!", 200));
    await first.next();
    await expect(small.embed([1, 2])).rejects.toMatchObject({ code: "QUEUE_FULL" });
    await first.return?.();
  });
});
