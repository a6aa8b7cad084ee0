import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { FILES, filesEnding } from "./source-files.js";

/** Put together here, so that this file doesn't hold the words it looks for. */
const word = (...parts: string[]) => parts.join("");

/** Where `pattern` occurs, as `path:line`. */
function occurrences(pattern: RegExp, files = FILES): string[] {
  return files.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}`] : [])),
  );
}

it("has nothing left to do written in the code", () => {
  const marks = [
    word("TO", "DO"),
    word("FIX", "ME"),
    word("XX", "X"),
    word("HA", "CK"),
    word("todo", "!("),
    word("unimpl", "emented!("),
  ];
  const pattern = new RegExp(`(?<![\\w-])(${marks.map((mark) => mark.replace(/[(!]/g, "\\$&")).join("|")})(?!\\w)`);
  expect(occurrences(pattern, filesEnding(".rs", ".ts", ".mjs", ".js", ".py", ".toml", ".md"))).toEqual([]);
});

it("names no path of the machine it was written on", () => {
  expect(occurrences(new RegExp(`(?<![\\w.~-])/(${["root", "work"].join("|")})/[\\w.]`))).toEqual([]);
});

it("locks packages by version and hash, not by the host they came from", () => {
  const lock = readFileSync(new URL("../../package-lock.json", import.meta.url), "utf8");
  expect(lock).not.toMatch(/"resolved": "[a-z+]+:/);
  const cargo = readFileSync(new URL("../../Cargo.lock", import.meta.url), "utf8");
  const sources = new Set(cargo.match(/^source = .*$/gm));
  expect([...sources]).toEqual(['source = "registry+https://github.com/rust-lang/crates.io-index"']);
});
