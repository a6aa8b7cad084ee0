import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { historyFile, InputHistory } from "./input-history.js";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "izwi-history-"));
  file = path.join(folder, "izwi", "chat_history");
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("InputHistory", () => {
  it("keeps lines between runs, newest first, in a private file", () => {
    const first = new InputHistory(file);
    first.add("one");
    first.add("two");
    expect(new InputHistory(file).entries).toEqual(["two", "one"]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(path.dirname(file)).mode & 0o777).toBe(0o700);
  });

  it("makes a file that was readable for others private", () => {
    new InputHistory(file).add("one");
    chmodSync(file, 0o644);
    new InputHistory(file).add("two");
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("drops duplicates, keeping the newest", () => {
    const history = new InputHistory(file);
    for (const line of ["a", "b", "a", "a", " a "]) history.add(line);
    expect(history.entries).toEqual(["a", "b"]);
    expect(new InputHistory(file).entries).toEqual(["a", "b"]);
    expect(readFileSync(file, "utf8")).toBe("a\nb\na\n");
  });

  it("makes several lines one and keeps no documents", () => {
    const history = new InputHistory(file);
    history.add("one\n  two\n\nthree");
    history.add("x".repeat(5000));
    history.add("  ");
    expect(history.entries).toEqual(["one two three"]);
  });

  it("bounds the file", () => {
    mkdirSync(path.dirname(file));
    writeFileSync(file, Array.from({ length: 3000 }, (_, index) => `line ${index}\n`).join(""));
    const history = new InputHistory(file);
    expect(history.entries).toHaveLength(1000);
    expect(history.entries[0]).toBe("line 2999");
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    expect(lines).toHaveLength(1000);
    expect(lines.at(-1)).toBe("line 2999");

    writeFileSync(file, Array.from({ length: 500 }, (_, index) => `${index} ${"y".repeat(2000)}\n`).join(""));
    expect(new InputHistory(file).entries[0]).toMatch(/^499 /);
    expect(statSync(file).size).toBeLessThanOrEqual(256 * 1024);
  });

  it("goes on in memory where the file can't be written", () => {
    const inTheWay = path.join(folder, "file");
    writeFileSync(inTheWay, "");
    const history = new InputHistory(path.join(inTheWay, "chat_history"));
    history.add("one");
    history.add("two");
    expect(history.entries).toEqual(["two", "one"]);
  });

  it("writes nothing without a file", () => {
    const history = new InputHistory();
    history.add("one");
    expect(history.entries).toEqual(["one"]);
  });
});

describe("historyFile", () => {
  it.each([
    ["linux", {}, "/home/u/.local/state/izwi/chat_history"],
    ["linux", { XDG_STATE_HOME: "/state" }, "/state/izwi/chat_history"],
    ["linux", { XDG_STATE_HOME: "relative" }, "/home/u/.local/state/izwi/chat_history"],
    ["darwin", {}, "/home/u/Library/Application Support/izwi/chat_history"],
    ["win32", { LOCALAPPDATA: "/local" }, "/local/izwi/chat_history"],
  ] as const)("%s %j: %s", (platform, env, expected) => {
    expect(historyFile(env, platform, "/home/u")).toBe(expected);
  });
});
