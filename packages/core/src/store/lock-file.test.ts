import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../fakes/temporary-folder.js";
import { readLockFile, updateLockFile, type LockedModel } from "./lock-file.js";

const makePath = () => join(temporaryFolder(), "izwi.lock");
const model = (more: Partial<LockedModel> = {}): LockedModel => ({
  repository: "org/model",
  revision: "b".repeat(40),
  file: "a.gguf",
  bytes: 7,
  sha256: "a".repeat(64),
  ...more,
});

describe("izwi.lock", () => {
  it("is empty where there is none, and keeps what was pinned, sorted", async () => {
    const path = makePath();
    expect((await readLockFile(path)).size).toBe(0);
    await updateLockFile(path, "hf:org/model", model());
    await updateLockFile(path, "a-model", model({ bytes: 8 }));
    await updateLockFile(path, "hf:org/model", model({ bytes: 9 }));
    expect([...(await readLockFile(path))]).toEqual([
      ["a-model", model({ bytes: 8 })],
      ["hf:org/model", model({ bytes: 9 })],
    ]);
  });

  it("loses nothing when many write at once", async () => {
    const path = makePath();
    await Promise.all(Array.from({ length: 8 }, (_, n) => updateLockFile(path, `m${n}`, model())));
    expect((await readLockFile(path)).size).toBe(8);
    expect(readdirSync(join(path, ".."))).toEqual(["izwi.lock"]);
  });

  it("isn't touched when nothing changes", async () => {
    const path = makePath();
    await updateLockFile(path, "m", model());
    const edited = readFileSync(path, "utf8").replace("\n}\n", "\n}");
    writeFileSync(path, edited);
    await updateLockFile(path, "m", model());
    expect(readFileSync(path, "utf8")).toBe(edited);
  });

  it.each([
    ["{", /can't be understood/],
    ["[]", /version 1/],
    [`{"version":2,"models":{}}`, /version 1/],
    [`{"version":1}`, /"models" is missing/],
    [`{"version":1,"models":{"m":{"file":"a.gguf","bytes":1,"sha256":"x"}}}`, /the entry of m/],
    [JSON.stringify({ version: 1, models: { m: { ...model(), url: "http://x/a.gguf" } } }), /the entry of m/],
  ])("can't be understood as %j", async (text, message) => {
    const path = makePath();
    writeFileSync(path, text);
    await expect(readLockFile(path)).rejects.toMatchObject({
      code: "LOCK_MISMATCH",
      message: expect.stringMatching(message),
    });
  });
});
