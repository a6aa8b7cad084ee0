import { IzwiError } from "@izwi/core";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { FakeLoader, FakeModel } from "./fakes/fake-loader.js";
import { ModelPool } from "./model-pool.js";
import type { ModelLease } from "./model-source.js";

const GB = 1e9;
const names = ["a", "b", "c"] as const;

const step = fc.oneof(
  fc.record({ do: fc.constant("acquire" as const), name: fc.constantFrom(...names) }),
  fc.record({ do: fc.constant("release" as const), index: fc.nat(9) }),
  fc.record({ do: fc.constant("abort" as const), index: fc.nat(9) }),
  fc.record({ do: fc.constant("remove" as const), name: fc.constantFrom(...names) }),
  fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(0, 1, 5, 20, 50, 200) }),
);
const delays = fc.array(fc.nat(20), { minLength: 1, maxLength: 8 });
const failures = fc.array(fc.constantFrom("none" as const, "none" as const, "broken" as const, "memory" as const), {
  minLength: 1,
  maxLength: 8,
});

/** A loader that loads and closes as slowly, and fails as often, as the lists say, over and over. */
function troubledLoader(delayMs: number[], failing: ("none" | "broken" | "memory")[]): FakeLoader {
  const loader = new FakeLoader({ a: { bytes: 3 * GB }, b: { bytes: 3 * GB, kvCacheBytes: GB }, c: { bytes: 4 * GB } });
  let turn = 0;
  const pause = () => new Promise<void>((resolve) => setTimeout(resolve, delayMs[turn++ % delayMs.length]));
  loader.onLoad = async () => {
    await pause();
    const failure = failing[turn++ % failing.length];
    if (failure === "broken") throw new IzwiError("INVALID_MODEL_FILE", "broken");
    if (failure === "memory") throw new IzwiError("OUT_OF_MEMORY", "memory");
  };
  loader.onClose = pause;
  return loader;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("never closes a model in use, never loads one twice, and loses no lease, whatever comes in whatever order", async () => {
  const keepAlive = fc.constantFrom(0, 10, 100, Infinity);
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60, size: "max" }),
      delays,
      failures,
      keepAlive,
      async (steps, delayMs, failing, keepAliveMs) => {
        const loader = troubledLoader(delayMs, failing);
        const memory = { totalBytes: () => 8 * GB, availableBytes: () => 8 * GB };
        const pool = new ModelPool({ loader, memory, keepAliveMs });
        const held: ModelLease[] = [];
        const codes = new Set<string>();
        const pending: { controller: AbortController; done: Promise<void> }[] = [];
        const removals: Promise<unknown>[] = [];
        /** Names, each with what was loaded while it was erased. */
        const erased: [string, string[]][] = [];
        const check = () => {
          for (const { model } of held) expect((model as unknown as FakeModel).closed).toBe(false);
          expect(new Set(loader.open).size).toBe(loader.open.length);
          // There is room for two.
          expect(loader.open.length).toBeLessThanOrEqual(2);
          expect(loader.closes).toBe(loader.loaded.length - loader.open.length);
        };
        for (const one of steps) {
          if (one.do === "acquire") {
            const controller = new AbortController();
            const acquired = pool.acquire(one.name, controller.signal);
            const done = acquired.then(
              (lease) => void held.push(lease),
              (error: IzwiError) => void codes.add(error.code),
            );
            pending.push({ controller, done });
          } else if (one.do === "remove") {
            const erase = async () => {
              const before = loader.open;
              await new Promise((resolve) => setTimeout(resolve, delayMs[0]));
              erased.push([one.name, [...before, ...loader.open]]);
            };
            removals.push(pool.remove(one.name, erase));
          } else if (one.do === "release") held.splice(one.index % Math.max(1, held.length), 1)[0]?.release();
          else if (one.do === "abort") pending.at(-1 - one.index)?.controller.abort();
          else await vi.advanceTimersByTimeAsync(one.ms);
          check();
        }
        const closing = pool.close();
        await vi.advanceTimersByTimeAsync(10_000);
        await Promise.all([...pending.map(({ done }) => done), ...removals]);
        check();
        for (const lease of held.splice(0)) lease.release();
        await vi.advanceTimersByTimeAsync(10_000);
        await closing;
        expect(loader.open).toEqual([]);
        check();
        expect(erased.filter(([name, open]) => open.includes(name))).toEqual([]);
        const expected = ["ABORTED", "CLOSED", "INVALID_MODEL_FILE", "OUT_OF_MEMORY"];
        expect([...codes].filter((code) => !expected.includes(code))).toEqual([]);
      },
    ),
    { numRuns: 300 },
  );
}, 30_000);
