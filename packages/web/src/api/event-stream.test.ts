import { expect, it } from "vitest";
import { eventData } from "./event-stream.js";

async function* inPiecesOf(size: number, text: string): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

const STREAM = `: a comment\n\ndata: {"a":"é"}\r\n\r\nevent: x\ndata:two\ndata: lines\n\n\ndata: [DONE]\n\ndata: never ended`;

it.each([1, 2, 3, 7, 1000])("reads events that come in pieces of %i bytes", async (size) => {
  const read: string[] = [];
  for await (const data of eventData(inPiecesOf(size, STREAM))) read.push(data);
  expect(read).toEqual([`{"a":"é"}`, "two\nlines", "[DONE]"]);
});
