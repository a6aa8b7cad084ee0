import { assert, constantFrom, oneof, property, string } from "fast-check";
import { basename, join, resolve } from "node:path";
import { expect, it } from "vitest";
import { inside, safeName } from "./safe-name.js";

it.each([
  ["Qwen3-0.6B-Q4_K_M.gguf", "Qwen3-0.6B-Q4_K_M.gguf"],
  ["sub/dir/a.gguf", "sub--dir--a.gguf"],
  ["a\\b.gguf", "a--b.gguf"],
  ["..", "_"],
  [".hidden.gguf", "_hidden.gguf"],
  ["NUL.gguf", "_NUL.gguf"],
  ["a:b?.gguf", "a_b_.gguf"],
  ["a. ", "a_"],
  ["", "_"],
])("%j becomes %j", (name, expected) => expect(safeName(name)).toBe(expected));

const character = oneof(
  string({ minLength: 1, maxLength: 1 }),
  constantFrom("/", "\\", ".", "..", "\u0000", "\ud800", "é", "😀"),
);

it("is always the name of something inside", () => {
  assert(
    property(string({ unit: character, maxLength: 30 }), (name) => {
      const path = inside("/models", safeName(name));
      expect(basename(path)).toBe(safeName(name));
      expect(path.startsWith(resolve("/models"))).toBe(true);
    }),
  );
});

it("shortens what no file system takes, and keeps the ending", () => {
  const name = safeName(`${"a".repeat(5000)}.gguf`);
  expect(Buffer.byteLength(name)).toBeLessThan(200);
  expect(name).toMatch(/^a+…a+\.gguf$/);
});

it("refuses what would leave the directory", () => {
  expect(inside("/models", "a", "b.gguf")).toBe(resolve("/models/a/b.gguf"));
  for (const path of ["..", "../x", "a/../..", "", ".", join("/", "etc")]) {
    expect(() => inside("/models", path), path).toThrow(expect.objectContaining({ code: "INVALID_REQUEST" }));
  }
});
