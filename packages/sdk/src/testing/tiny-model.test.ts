import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeGguf } from "./gguf-writer.js";
import { tinyModel, tinyModelBytes } from "./tiny-model.js";
import { SPECIAL_TOKENS, tinyVocabulary } from "./tiny-vocabulary.js";

describe("writeGguf", () => {
  const values = Float32Array.from({ length: 64 }, (_, index) => index - 20);
  const bytes = writeGguf({ "a.text": "é", "a.list": ["x", "yz"], "a.number": 7, "a.float": { float32: 0.5 } }, [
    { name: "rows", shape: [32, 2], type: "Q8_0", values },
    { name: "row", shape: [3], type: "F32", values: Float32Array.of(1, -2, 0.25) },
  ]);
  const view = new DataView(bytes.buffer);

  it("begins with magic, version and counts", () => {
    expect(new TextDecoder().decode(bytes.subarray(0, 4))).toBe("GGUF");
    expect([view.getUint32(4, true), view.getBigUint64(8, true), view.getBigUint64(16, true)]).toEqual([3, 2n, 4n]);
  });

  it("has text in UTF-8 with its length in bytes", () => {
    expect([view.getBigUint64(24, true), view.getUint32(38, true), view.getBigUint64(42, true)]).toEqual([6n, 8, 2n]);
    expect([...bytes.subarray(50, 52)]).toEqual([0xc3, 0xa9]);
  });

  it("ends with the tensors at multiples of 32", () => {
    // Two blocks of 34 bytes, padded to 96, and three floats.
    const floats = bytes.length - 12;
    const blocks = floats - 96;
    expect([floats % 32, blocks % 32]).toEqual([0, 0]);
    expect([0, 4, 8].map((at) => view.getFloat32(floats + at, true))).toEqual([1, -2, 0.25]);
    const half = view.getUint16(blocks, true);
    const scale = (1 + (half & 1023) / 1024) * 2 ** ((half >> 10) - 15);
    expect(scale).toBeCloseTo(20 / 127, 3);
    expect(view.getInt8(blocks + 2) * scale).toBeCloseTo(-20, 1);
    // The second block has a scale of its own, for 43 as its largest.
    expect(view.getInt8(blocks + 34 + 2 + 31)).toBe(127);
  });

  it("refuses rows that are no whole blocks", () => {
    const tensor = { name: "t", shape: [33] as [number], type: "Q8_0" as const, values: new Float32Array(33) };
    expect(() => writeGguf({}, [tensor])).toThrow(/multiple of 32/);
  });
});

it("tinyVocabulary has all bytes, merges whose parts are there, and Qwen's special tokens", () => {
  const { tokens, types, merges, id } = tinyVocabulary(512);
  expect(tokens).toHaveLength(512);
  expect(new Set(tokens).size).toBe(512);
  expect(types).toHaveLength(512);
  for (const merge of merges) {
    const [left, right] = merge.split(" ") as [string, string];
    expect([tokens.includes(left), tokens.includes(right), tokens.includes(left + right)]).toEqual([true, true, true]);
  }
  for (const special of SPECIAL_TOKENS) expect(tokens[id(special)]).toBe(special);
});

describe("tinyModel", () => {
  it("is about a megabyte, the same for the same seed", () => {
    const [one, again, two] = [tinyModelBytes(), tinyModelBytes({ seed: 1 }), tinyModelBytes({ seed: 2 })];
    expect(one.length).toBeGreaterThan(800_000);
    expect(one.length).toBeLessThan(1_300_000);
    expect(Buffer.compare(one, again)).toBe(0);
    expect(Buffer.compare(one, two)).not.toBe(0);
  });

  it("is a file until it's removed", async () => {
    const directory = join(mkdtempSync(join(tmpdir(), "izwi-tiny-")), "new");
    let path = "";
    {
      await using model = await tinyModel({ directory });
      path = model.path;
      expect(path.startsWith(directory)).toBe(true);
      expect(readFileSync(path).subarray(0, 4).toString()).toBe("GGUF");
    }
    expect(existsSync(path)).toBe(false);
  });
});
