import { expect, it } from "vitest";
import { toYaml } from "./yaml.js";

it("writes objects and arrays as blocks", () => {
  const value = {
    id: "qwen3-4b",
    tags: ["a b", "c"],
    size: 1.5,
    none: null,
    nested: { deep: [{ x: 1, y: [] }, [1, 2]], empty: {} },
  };
  expect(toYaml(value)).toBe(
    [
      "id: qwen3-4b",
      "tags:",
      "  - a b",
      "  - c",
      "size: 1.5",
      "none: null",
      "nested:",
      "  deep:",
      "    - x: 1",
      '      "y": []',
      "    - - 1",
      "      - 2",
      "  empty: {}",
      "",
    ].join("\n"),
  );
});

it.each([
  "true",
  "No",
  "null",
  "~",
  "1.5",
  "1e3",
  "2026-01-01",
  "a: b",
  "a #b",
  "- a",
  "",
  " a",
  "a ",
  "*a",
  "0x1f",
  "\n",
])("quotes %j, which would be something else without", (text) => {
  expect(toYaml([text])).toBe(`- ${JSON.stringify(text)}\n`);
});

it("escapes what YAML takes for a line's end, and writes what JSON can't hold as JSON does", () => {
  expect(toYaml({ a: "x\u2028y\u0085" })).toBe('a: "x\\u2028y\\u0085"\n');
  expect(toYaml({ a: undefined, b: Number.NaN, c: new Date(0) })).toBe('b: null\nc: "1970-01-01T00:00:00.000Z"\n');
  expect(toYaml(undefined)).toBe("null\n");
  expect(toYaml("plain")).toBe("plain\n");
});
