import { expect, it } from "vitest";
import { editDistance, nearMatches } from "./near-match.js";

it.each([
  ["", "abc", 3],
  ["chat", "chat", 0],
  ["caht", "chat", 1],
  ["cht", "chat", 1],
  ["chatt", "chat", 1],
  ["kitten", "sitting", 3],
])("editDistance(%s, %s) = %i", (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
  expect(editDistance(b, a)).toBe(distance);
});

it("gives the nearest first and nothing far away", () => {
  expect(nearMatches("lits", ["chat", "line", "list"])).toEqual(["list"]);
  expect(nearMatches("CHAT", ["version", "chat"])).toEqual(["chat"]);
  expect(nearMatches("frobnicate", ["chat", "list"])).toEqual([]);
});
