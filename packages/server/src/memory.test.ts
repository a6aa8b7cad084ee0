import { totalmem } from "node:os";
import { expect, it } from "vitest";
import { fits, memoryOf, neededBytes, noRoom, systemMemory } from "./memory.js";

const GB = 1e9;
const memory = (total: number, available: number) => ({ totalBytes: () => total, availableBytes: () => available });

it("knows this machine's memory", () => {
  expect(systemMemory.totalBytes()).toBeGreaterThan(0);
  expect(systemMemory.totalBytes()).toBeLessThanOrEqual(totalmem());
  expect(systemMemory.availableBytes()).toBeGreaterThan(0);
  expect(systemMemory.availableBytes()).toBeLessThanOrEqual(totalmem());
});

it("counts a draft model with the model that it is for", () => {
  const model = { weightsBytes: 100, scratchBytes: 20, kvCacheBytes: 3 };
  expect(memoryOf(model)).toBe(123);
  expect(memoryOf({ ...model, draftModel: { weightsBytes: 1000, scratchBytes: 200, kvCacheBytes: 30 } })).toBe(1353);
});

it("guesses a KV cache that isn't known", () => {
  expect(neededBytes(2 * GB)).toBe(2.5 * GB);
  expect(neededBytes(20 * GB)).toBe(20 * GB + 2 ** 30);
  expect(neededBytes(1000)).toBe(1000 + 16 * 2 ** 20);
});

it.each([
  // needed, taken, total, available, fits
  [7, 0, 8, 8, true],
  [7.3, 0, 8, 8, false],
  [7, 0, 8, 1, true],
  [3, 3, 8, 8, true],
  [3, 3, 8, 2, false],
  [5, 3, 8, 8, false],
])("%d GB beside %d of %d, of which %d are available: %s", (needed, taken, total, available, expected) => {
  expect(fits(needed * GB, taken * GB, memory(total * GB, available * GB))).toBe(expected);
});

it("says in sizes for people why there is no room", () => {
  const { code, message } = noRoom("big", 1.25e10, 396_705_472, memory(8 * GB, 1000));
  expect(code).toBe("OUT_OF_MEMORY");
  expect(message).toContain("big, which needs about 12.5 GB: the models that are in use take up to 397 MB");
  expect(message).toContain("8.0 GB of memory, 1 MB of it available");
});
