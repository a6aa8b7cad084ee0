import { totalmem } from "node:os";
import { expect, it } from "vitest";
import { findInCatalog } from "./catalog.js";
import { fitsInMemory, memoryNeeds, usableMemory } from "./memory-needs.js";

const needs = (name: string, contextLength?: number) => memoryNeeds(findInCatalog(name)!, contextLength);

it("adds up the file, the KV cache and the program", () => {
  const { weightsBytes, kvCacheBytes, totalBytes } = needs("qwen3-0.6b", 32_768);
  expect(weightsBytes).toBe(396_705_472);
  expect(kvCacheBytes).toBe(3.5 * 2 ** 30);
  expect(totalBytes).toBeGreaterThan(weightsBytes + kvCacheBytes);
});

it("counts 34 bytes for 32 values in q8_0, where f16 has 64", () => {
  const { kvCacheBytes } = memoryNeeds(findInCatalog("qwen3-0.6b")!, 4096, "q8_0");
  expect(kvCacheBytes).toBe((needs("qwen3-0.6b", 4096).kvCacheBytes * 34) / 64);
});

it("grows with the conversation, and the mixture of experts keeps less of it than the dense model", () => {
  expect(needs("qwen3-8b", 8192).kvCacheBytes).toBe(2 * needs("qwen3-8b", 4096).kvCacheBytes);
  expect(needs("qwen3-30b-a3b").kvCacheBytes).toBeLessThan(needs("qwen3-32b").kvCacheBytes / 2);
});

it("leaves room for others", () => {
  expect(usableMemory()).toBeGreaterThan(1e8);
  expect(usableMemory()).toBeLessThanOrEqual(totalmem());
  expect(fitsInMemory(8e9, 8e9)).toBe(false);
  expect(fitsInMemory(7e9, 8e9)).toBe(true);
});
