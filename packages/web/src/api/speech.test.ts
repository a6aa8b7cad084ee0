import { expect, it } from "vitest";
import { samplesOf } from "./speech.js";

async function* inPiecesOf(size: number, bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

it.each([1, 2, 3, 5, 100])("reads samples from pieces of %i bytes", async (size) => {
  const bytes = Uint8Array.of(0, 0, 0, 0x40, 0, 0x80, 0xff, 0x7f);
  const samples: number[] = [];
  for await (const piece of samplesOf(inPiecesOf(size, bytes))) samples.push(...piece);
  expect(samples).toEqual([0, 0.5, -1, expect.closeTo(1, 3)]);
});
