import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Admission } from "./admission.js";

const never = new AbortController().signal;

it("admits in order", async () => {
  const admission = new Admission({ maxConcurrent: 1, maxQueued: 5 });
  const order: number[] = [];
  const leave = await admission.enter(never);
  const entering = [1, 2, 3].map(async (number) => {
    const leave = await admission.enter(never);
    order.push(number);
    leave();
  });
  expect(admission).toMatchObject({ running: 1, waiting: 3 });
  leave();
  leave();
  await Promise.all(entering);
  expect(order).toEqual([1, 2, 3]);
  expect(admission).toMatchObject({ running: 0, waiting: 0 });
});

it("refuses at once when nobody may wait, and who is gone already", async () => {
  const admission = new Admission({ maxConcurrent: 1, maxQueued: 0 });
  await expect(admission.enter(AbortSignal.abort())).rejects.toMatchObject({ code: "ABORTED" });
  await admission.enter(never);
  await expect(admission.enter(never)).rejects.toMatchObject({ status: 429, headers: { "retry-after": "1" } });
});

it("loses no place and admits no one too many, whoever comes, leaves and gives up in whatever order", async () => {
  const step = fc.record({ do: fc.constantFrom("enter", "leave", "abort", "both", "rest"), index: fc.nat(20) });
  const limits = fc.record({ maxConcurrent: fc.integer({ min: 1, max: 3 }), maxQueued: fc.nat(3) });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: "max" }), limits, async (steps, limits) => {
      const admission = new Admission(limits);
      const inside: (() => void)[] = [];
      const waiting: { controller: AbortController; done: Promise<void> }[] = [];
      const leave = (index: number) => inside.splice(index % Math.max(1, inside.length), 1)[0]?.();
      const abort = (index: number) => waiting.at(-1 - index)?.controller.abort();
      for (const one of steps) {
        if (one.do === "enter") {
          const controller = new AbortController();
          const entering = admission.enter(controller.signal);
          const done = entering.then(
            (leave) => void inside.push(leave),
            () => undefined,
          );
          waiting.push({ controller, done });
        }
        // At the same moment: a place comes free for one who gives up.
        if (one.do === "leave" || one.do === "both") leave(one.index);
        if (one.do === "abort" || one.do === "both") abort(one.index);
        if (one.do === "rest") await new Promise((resolve) => setImmediate(resolve));
        expect(admission.running).toBeLessThanOrEqual(limits.maxConcurrent);
        expect(admission.waiting).toBeLessThanOrEqual(limits.maxQueued);
      }
      for (const { controller } of waiting) controller.abort();
      await Promise.all(waiting.map(({ done }) => done));
      for (const leave of inside.splice(0)) leave();
      expect(admission).toMatchObject({ running: 0, waiting: 0 });
    }),
    { numRuns: 300 },
  );
}, 30_000);
