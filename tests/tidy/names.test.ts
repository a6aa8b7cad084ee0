import { basename } from "node:path";
import { expect, it } from "vitest";
import { FILES, filesEnding } from "./source-files.js";

const CODE = [".rs", ".ts", ".tsx", ".mjs", ".py"];
const SAYS_NOTHING = /^(utils?|helpers?|common|misc|manager|service)$/;
/** Files may grow to this many lines without a word said. */
const LONG = 440;
/** Longer files that are one thing; none may grow past `TOO_LONG`. */
const MAY_BE_LONG = [
  "crates/kernels/src/attention.rs",
  "crates/model/src/backend/candle.rs",
  "crates/model/src/backend/cpu.rs",
  "models/dialogues/facts.py",
];
const TOO_LONG = 600;

it("says with every name what a file or folder holds", () => {
  const bad = FILES.filter(({ path }) => path.split("/").some((part) => SAYS_NOTHING.test(part.replace(/\..*$/, ""))));
  expect(bad.map(({ path }) => path)).toEqual([]);
});

it("names Rust files in snake_case and TypeScript files in kebab-case", () => {
  const bad = filesEnding(".rs", ".ts", ".tsx", ".mjs").filter(({ path }) => {
    const name = basename(path).replace(/\..*$/, "");
    return !(path.endsWith(".rs") ? /^[a-z0-9_]+$/ : /^[a-z0-9-]+$/).test(name);
  });
  expect(bad.map(({ path }) => path)).toEqual([]);
});

it("has no file that is two", () => {
  // A Rust file's own tests stand at its end and don't count.
  const lines = (text: string) => text.split("#[cfg(test)]\nmod tests {")[0]!.split("\n").length - 1;
  const bad = filesEnding(...CODE)
    .map(({ path, text }) => ({ path, lines: lines(text) }))
    .filter(({ path, lines }) => lines > (MAY_BE_LONG.includes(path) ? TOO_LONG : LONG));
  expect(bad).toEqual([]);
});
