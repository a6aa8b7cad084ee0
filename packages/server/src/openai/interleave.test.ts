import * as fc from "fast-check";
import { expect, it } from "vitest";
import { interleave, type Interleaved } from "./interleave.js";

async function* from<T>(items: readonly T[]) {
  for (const item of items) {
    await Promise.resolve();
    yield item;
  }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

it("gives every source's items, each source in its order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.integer(), { maxLength: 5 }), { maxLength: 6 }),
      fc.integer({ min: 1, max: 4 }),
      async (lists, concurrency) => {
        const all = await collect(
          interleave(
            lists.map((list) => () => from(list)),
            concurrency,
          ),
        );
        const bySource = lists.map((_, source) =>
          all.filter(({ index }) => index === source).map(({ value }) => value),
        );
        expect(bySource).toEqual(lists);
      },
    ),
  );
});

it("doesn't wait for a slow source", async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  const slow = async function* () {
    await held;
    yield "slow";
  };
  const items = interleave([slow, () => from(["a", "b"])], 2);
  expect((await items.next()).value).toEqual({ index: 1, value: "a" });
  expect((await items.next()).value).toEqual({ index: 1, value: "b" });
  release();
  expect((await items.next()).value).toEqual({ index: 0, value: "slow" });
  expect((await items.next()).done).toBe(true);
});

it("runs at most as many sources at once as it may", async () => {
  let running = 0;
  let most = 0;
  const source = async function* () {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 1));
    yield 1;
    running--;
  };
  await collect(
    interleave(
      Array.from({ length: 9 }, () => source),
      3,
    ),
  );
  expect(most).toBe(3);
});

it("asks a source for more only when its last item was taken", async () => {
  let made = 0;
  const counting = async function* () {
    for (;;) yield ++made;
  };
  const items = interleave([counting], 1);
  await items.next();
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(made).toBe(1);
  await items.return();
});

it("fails with the first failure, and ends the sources that it leaves", async () => {
  let ended = false;
  const endless = async function* () {
    try {
      for (;;) yield 1;
    } finally {
      ended = true;
    }
  };
  const failing = async function* (): AsyncGenerator<number> {
    yield 2;
    throw new Error("broken");
  };
  const seen: Interleaved<number>[] = [];
  await expect(async () => {
    for await (const item of interleave([endless, failing], 2)) seen.push(item);
  }).rejects.toThrow("broken");
  await Promise.resolve();
  expect(seen.some(({ value }) => value === 2)).toBe(true);
  expect(ended).toBe(true);
});
