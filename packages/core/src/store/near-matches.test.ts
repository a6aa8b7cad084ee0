import { expect, it } from "vitest";
import { nearMatches } from "./near-matches.js";

const NAMES = ["qwen3-0.6b", "qwen3-1.7b", "qwen3-4b", "qwen3-8b", "izwi-tiny"];

it("finds names that few edits make, the nearest first, three at most", () => {
  expect(nearMatches("qwen3-0.6", NAMES)[0]).toBe("qwen3-0.6b");
  expect(nearMatches("Qwen3-5b", NAMES)).toEqual(["qwen3-4b", "qwen3-8b"]);
  expect(nearMatches("qwen3", NAMES)).toEqual(["qwen3-0.6b", "qwen3-1.7b", "qwen3-4b"]);
  expect(nearMatches("tiny", NAMES)).toEqual(["izwi-tiny"]);
});

it("finds nothing for a name of another kind, and each name once", () => {
  expect(nearMatches("llama", NAMES)).toEqual([]);
  expect(nearMatches("tiny", ["izwi-tiny", "izwi-tiny"])).toEqual(["izwi-tiny"]);
});
