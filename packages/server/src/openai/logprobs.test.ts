import * as fc from "fast-check";
import { expect, it } from "vitest";
import { LegacyLogprobsWriter, type ScoredToken } from "./logprobs.js";

const token = (text: string, logprob?: number, top: [string, number][] = []): ScoredToken => {
  const bytesOf = (text: string) => [...new TextEncoder().encode(text)];
  const scored: ScoredToken = { text, bytes: bytesOf(text) };
  if (logprob !== undefined) scored.logprob = logprob;
  scored.top = top.map(([text, logprob]) => ({ tokenId: 0, text, bytes: bytesOf(text), logprob }));
  return scored;
};

it("writes the older shape", () => {
  const writer = new LegacyLogprobsWriter(2);
  const tokens = [
    token("Hi"),
    token(" né", -1, [
      [" né", -1],
      [" no", -2],
    ]),
    token("x", -3, [
      ["y", -0.1],
      ["z", -0.2],
    ]),
  ];
  expect(writer.write(tokens)).toEqual({
    tokens: ["Hi", " né", "x"],
    token_logprobs: [null, -1, -3],
    top_logprobs: [null, { " né": -1, " no": -2 }, { y: -0.1, z: -0.2, x: -3 }],
    text_offset: [0, 2, 5],
  });
  expect(writer.write([token("!", -4)]).text_offset).toEqual([6]);
});

it("always has the chosen token among the alternatives", () => {
  const { top_logprobs } = new LegacyLogprobsWriter(1).write([token("a", -5, [["b", -1]])]);
  expect(top_logprobs).toEqual([{ b: -1, a: -5 }]);
});

it("lists no alternatives where none were asked for", () => {
  expect(new LegacyLogprobsWriter(0).write([token("a", -5)]).top_logprobs).toBeNull();
});

it("tells tokens apart that are parts of characters", () => {
  const part = (byte: number, logprob: number) => ({ tokenId: byte, text: "\ufffd", bytes: [byte], logprob });
  const scored = { ...part(0xe2, -1), top: [part(0xe2, -1), part(0xe3, -2)] };
  const wire = new LegacyLogprobsWriter(2).write([
    scored,
    { ...part(0x82, -1), top: [] },
    { ...part(0xac, -1), top: [] },
    token("!", -1),
  ]);
  expect(wire.tokens).toEqual(["bytes:\\xe2", "bytes:\\x82", "bytes:\\xac", "!"]);
  expect(Object.keys(wire.top_logprobs![0]!)).toEqual(["bytes:\\xe2", "bytes:\\xe3"]);
  expect(wire.text_offset).toEqual([0, 1, 1, 1]);
});

it("doesn't mistake the replacement character itself for a part", () => {
  expect(new LegacyLogprobsWriter(0).write([token("\ufffd", -1)]).tokens).toEqual(["\ufffd"]);
});

it("has offsets in characters, whatever the text and wherever it's cut", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.array(fc.nat({ max: 3 })), (text, sizes) => {
      const bytes = [...new TextEncoder().encode(text)];
      const pieces: number[][] = [];
      for (let i = 0, at = 0; at < bytes.length; i++) {
        const size = (sizes[i] ?? 0) + 1;
        pieces.push(bytes.slice(at, at + size));
        at += size;
      }
      const decode = (bytes: number[]) => new TextDecoder().decode(Uint8Array.from(bytes));
      const tokens = pieces.map((bytes) => ({ text: decode(bytes), bytes, logprob: -1 }));
      const { text_offset } = new LegacyLogprobsWriter(0).write(tokens);
      pieces.forEach((piece, index) => {
        if ((piece[0]! & 0xc0) === 0x80) return;
        const before = decode(pieces.slice(0, index).flat());
        expect(text_offset[index]).toBe([...before].length);
      });
    }),
  );
});
