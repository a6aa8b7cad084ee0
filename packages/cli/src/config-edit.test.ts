import { assert, property, string } from "fast-check";
import { parse } from "smol-toml";
import { expect, it } from "vitest";
import { tomlText, withValue } from "./config-edit.js";

const set = (text: string, key: string, value: string | number | boolean | string[] | undefined) =>
  withValue(text, key, value, parse);

const written = `# mine
[server] # where it listens
port = 9000 # not 8080
# who may call
cors_origins = [
  "http://a", # one
  "http://b",
]

# below
[models]
dir = "a # b" # kept
`;

it("changes a value, and keeps the comments and everything else", () => {
  expect(set(written, "server.port", 1)).toBe(written.replace("9000", "1"));
  expect(set(written, "models.dir", "/m")).toBe(written.replace('"a # b"', '"/m"'));
  expect(set(written, "server.cors_origins", ["x"])).toBe(
    written.replace(/cors_origins = \[[^\]]*\]/, 'cors_origins = ["x"]'),
  );
});

it("adds a value at its table's end, and a table at the file's", () => {
  expect(set(written, "server.host", "h")).toBe(written.replace("]\n\n# below", ']\nhost = "h"\n\n# below'));
  expect(set(written, "defaults.model", "m")).toBe(`${written}\n[defaults]\nmodel = "m"\n`);
  expect(set("", "ui.enabled", false)).toBe("[ui]\nenabled = false\n");
});

it("takes a value out", () => {
  expect(set(written, "server.port", undefined)).toBe(written.replace("port = 9000 # not 8080\n", ""));
  expect(set(written, "ui.enabled", undefined)).toBe(written);
});

it("knows dotted and quoted names, and keeps the file's line ends", () => {
  expect(set("server.port = 1\r\n", "server.port", 2)).toBe("server.port = 2\r\n");
  expect(set('[server]\n"port" = 1\n', "server.port", 2)).toBe('[server]\n"port" = 2\n');
});

it("leaves alone what it can't change safely", () => {
  expect(set("server = { port = 1 }\n", "server.port", 2)).toBeUndefined();
  expect(set('x = """\n[server]\nport = 1\n"""\n', "server.port", 2)).toBeUndefined();
});

it("writes any text so that it reads back the same, beside any other", () => {
  // Whole characters only: that is what TOML can hold.
  const text = string({ unit: "binary" }).filter((made) => !/\p{Surrogate}/u.test(made));
  assert(
    property(text, text, (before, value) => {
      const file = `[models]\ndir = ${tomlText(before)} # note\n`;
      const changed = set(file, "models.dir", value);
      expect(changed).toMatch(/ # note\n$/);
      expect(parse(changed!)).toEqual({ models: { dir: value } });
    }),
    { numRuns: 40 },
  );
});
