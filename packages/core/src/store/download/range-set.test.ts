import { array, assert, integer, nat, property, tuple } from "fast-check";
import { expect, it } from "vitest";
import { RangeSet } from "./range-set.js";

it("merges ranges that touch or overlap, and keeps others apart", () => {
  const set = new RangeSet();
  set.add(10, 20);
  set.add(30, 40);
  set.add(20, 25);
  expect(set.ranges).toEqual([
    { start: 10, end: 25 },
    { start: 30, end: 40 },
  ]);
  set.add(24, 31);
  expect(set.ranges).toEqual([{ start: 10, end: 40 }]);
  set.add(5, 5);
  expect(set.bytes).toBe(30);
});

it("tells what is missing, in pieces", () => {
  const set = new RangeSet([{ start: 4, end: 6 }]);
  expect(set.missing(10)).toEqual([
    { start: 0, end: 4 },
    { start: 6, end: 10 },
  ]);
  expect(set.missing(10, 3)).toEqual([
    { start: 0, end: 3 },
    { start: 3, end: 4 },
    { start: 6, end: 9 },
    { start: 9, end: 10 },
  ]);
  expect(set.missing(5)).toEqual([{ start: 0, end: 4 }]);
  expect(new RangeSet([{ start: 0, end: 7 }]).missing(7)).toEqual([]);
  expect(new RangeSet().missing(0)).toEqual([]);
});

it("has each byte exactly once, there or missing, whatever was added in whatever order", () => {
  const range = tuple(nat(60), nat(20));
  assert(
    property(array(range, { maxLength: 20 }), nat(60), integer({ min: 1, max: 25 }), (added, total, most) => {
      const set = new RangeSet();
      const there = new Set<number>();
      for (const [start, length] of added) {
        set.add(start, start + length);
        for (let byte = start; byte < start + length; byte++) there.add(byte);
      }
      expect(set.bytes).toBe(there.size);
      const missing = set.missing(total, most).flatMap(({ start, end }) => {
        expect(end - start).toBeLessThanOrEqual(most);
        return Array.from({ length: end - start }, (_, index) => start + index);
      });
      expect(missing).toEqual(Array.from({ length: total }, (_, byte) => byte).filter((byte) => !there.has(byte)));
    }),
  );
});
