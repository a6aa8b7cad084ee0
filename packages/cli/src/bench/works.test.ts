import type { ModelInfo } from "@izwi/core";
import { describe, expect, it } from "vitest";
import { spread } from "./spread.js";
import { nameOf, shareOfMemory, worksOf } from "./works.js";
import type { Work } from "./works.js";

const info = { backend: "cpu", device: "CPU", architecture: "qwen3", fileBytes: 4e8 } as ModelInfo;
const decode: Work = { kind: "decode", sequences: 1, depth: 1000, prompt: 1, tokens: 200 };

describe("shareOfMemory", () => {
  it("counts a pass's weights and KV cache against what can be read", () => {
    // 400 MB and 1100 positions of 100 kB: 510 MB for each token.
    expect(shareOfMemory(decode, 20, info, 1e5, 20.4e9)).toBeCloseTo(0.5);
  });

  it("counts the weights once for all sequences of a batch", () => {
    // 400 MB and 4 times 110 MB: 840 MB for four tokens.
    expect(shareOfMemory({ ...decode, kind: "batch", sequences: 4 }, 40, info, 1e5, 16.8e9)).toBeCloseTo(0.5);
  });

  it.each([
    ["a prompt", { ...decode, kind: "prefill" as const }, info, 1e9],
    ["a model in the caches", decode, { ...info, fileBytes: 1e6 }, 1e9],
    ["experts", decode, { ...info, architecture: "qwen3moe" }, 1e9],
    ["a GPU", decode, { ...info, backend: "metal" }, 1e9],
    ["unknown memory", decode, info, undefined],
  ])("has no figure for %s", (_, work, info, bytesPerSecond) => {
    expect(shareOfMemory(work, 20, info as ModelInfo, 1e5, bytesPerSecond)).toBeUndefined();
  });
});

it("names each piece of work", () => {
  const works = worksOf({ prefill: [512], depth: [0, 2048], batch: [8], tokens: 32, repetitions: 1 });
  expect(works.map(nameOf)).toEqual(["read 512 tokens", "decode", "decode after 2048", "decode 8 together"]);
});

it("spreads by the nearest rank", () => {
  const values = Array.from({ length: 200 }, (_, index) => 200 - index);
  expect(spread(values)).toEqual({ mean: 100.5, median: 100, p90: 180, p95: 190, p99: 198, least: 1, most: 200 });
  expect(spread([])).toBeNull();
});
