import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../../fakes/temporary-folder.js";
import { partialProgress, PartialFile, removePartial } from "./partial-file.js";

const identity = { source: "http://hub/a.gguf", bytes: 10, sha256: "a".repeat(64) };
const makePath = () => join(temporaryFolder(), "a.gguf.part");
const bytes = (text: string) => Buffer.from(text);

const killed: PartialFile[] = [];
afterAll(() => Promise.allSettled(killed.map((file) => file.close())));

/** A partial file with "01" and "67" of "0123456789" in it, left as a killed process would leave it. */
async function begun(more: object = {}): Promise<string> {
  const path = makePath();
  const file = await PartialFile.open(path, { ...identity, ...more }, 0);
  await file.write(bytes("01"), 0);
  await file.write(bytes("67"), 6);
  killed.push(file);
  return path;
}

describe("a partial file", () => {
  it("goes on with the bytes that a killed process left", async () => {
    const path = await begun();
    const file = await PartialFile.open(path, identity);
    expect(file.there.missing(10)).toEqual([
      { start: 2, end: 6 },
      { start: 8, end: 10 },
    ]);
    await file.write(bytes("2345"), 2);
    await file.write(bytes("89"), 8);
    await file.close();
    expect(readFileSync(path, "utf8")).toBe("0123456789");
    expect(await partialProgress(path)).toEqual({ bytes: 10, totalBytes: 10 });
  });

  it.each([
    ["another hash", { sha256: "b".repeat(64) }],
    ["another size", { bytes: 11 }],
    ["no hash any more", { sha256: undefined }],
  ])("begins anew for %s", async (_, change) => {
    const file = await PartialFile.open(await begun(), { ...identity, ...change });
    expect(file.there.bytes).toBe(0);
    await file.close();
  });

  it("without a hash, needs the same address and the server's mark", async () => {
    const there = async (first: object, then: object) => {
      const path = await begun({ sha256: undefined, ...first });
      const file = await PartialFile.open(path, { ...identity, sha256: undefined, ...then });
      await file.close();
      return file.there.bytes;
    };
    expect(await there({ validator: '"1"' }, { validator: '"1"' })).toBe(4);
    expect(await there({ validator: '"1"' }, { validator: '"2"' })).toBe(0);
    expect(await there({}, {})).toBe(0);
    expect(await there({ validator: '"1"' }, { validator: '"1"', source: "http://other/a.gguf" })).toBe(0);
  });

  it("trusts no notes that tell of more than there is, or that can't be read", async () => {
    const cut = await begun();
    truncateSync(cut, 7);
    for (const [path, notes] of [
      [cut, undefined],
      [await begun(), "{"],
      [await begun(), `{"version":1,"source":"x","there":[[-5,2]]}`],
      [await begun(), `{"version":9,"there":[]}`],
    ] as const) {
      if (notes !== undefined) writeFileSync(`${path}.json`, notes);
      const file = await PartialFile.open(path, identity);
      expect(file.there.bytes).toBe(0);
      await file.close();
    }
  });

  it("forgets what belongs to another content", async () => {
    const path = await begun();
    const file = await PartialFile.open(path, identity);
    await file.restart({ ...identity, sha256: "c".repeat(64) });
    await file.close();
    expect(readFileSync(path, "utf8")).toBe("");
    expect(JSON.parse(readFileSync(`${path}.json`, "utf8"))).toMatchObject({ sha256: "c".repeat(64), there: [] });
  });

  it("can be taken away, and leaves no other files", async () => {
    const path = await begun();
    await removePartial(path);
    await removePartial(path);
    expect(readdirSync(join(path, ".."))).toEqual([]);
    expect(await partialProgress(path)).toBeUndefined();
  });
});
