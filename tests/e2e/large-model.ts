/** A model whose loading takes a moment: the tiny one with enormous layers of zeros, which take no room on the disk. */
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { tinyModel } from "@izwi/sdk/testing";

/** Width of the layers, of which there are 12 matrices in Q8_0: 600 MB in all, or a multiple. */
const FEED_FORWARD = 367_616;
const ALIGNMENT = 32;
const Q8_0 = { type: 8, blockLength: 32, blockBytes: 34 };

/** Writes it to a path, with all that its metadata and its tokenizer need. */
export async function writeLargeModel(path: string, multiple = 1): Promise<void> {
  const width = multiple * FEED_FORWARD;
  await using tiny = await tinyModel();
  const bytes = readFileSync(tiny.path);
  const key = bytes.indexOf("qwen3.feed_forward_length") + "qwen3.feed_forward_length".length;
  bytes.writeUInt32LE(width, key + 4);
  const { tensors, end } = readTensors(bytes);
  let size = 0;
  for (const { name, dimensionsAt, dimensions, type, offsetAt } of tensors) {
    if (/ffn_(gate|up)/.test(name)) dimensions[1] = width;
    if (/ffn_down/.test(name)) dimensions[0] = width;
    dimensions.forEach((length, index) => bytes.writeBigUInt64LE(BigInt(length), dimensionsAt + 8 * index));
    bytes.writeBigUInt64LE(BigInt(size), offsetAt);
    const elements = dimensions.reduce((product, length) => product * length);
    size = aligned(size + (type === Q8_0.type ? (elements / Q8_0.blockLength) * Q8_0.blockBytes : elements * 4));
  }
  const file = openSync(path, "w");
  writeSync(file, bytes.subarray(0, end));
  ftruncateSync(file, aligned(end) + size);
  closeSync(file);
}

/** The descriptions of the tensors, which stand behind the metadata; the first one is the embeddings'. */
function readTensors(bytes: Buffer) {
  let at = bytes.indexOf("token_embd.weight") - 8;
  const tensors = Array.from({ length: Number(bytes.readBigUInt64LE(8)) }, () => {
    const length = Number(bytes.readBigUInt64LE(at));
    const name = bytes.toString("utf8", at + 8, at + 8 + length);
    const dimensionsAt = at + 8 + length + 4;
    const numDimensions = bytes.readUInt32LE(dimensionsAt - 4);
    const dimensions = Array.from({ length: numDimensions }, (_, index) =>
      Number(bytes.readBigUInt64LE(dimensionsAt + 8 * index)),
    );
    const typeAt = dimensionsAt + 8 * numDimensions;
    at = typeAt + 12;
    return { name, dimensionsAt, dimensions, type: bytes.readUInt32LE(typeAt), offsetAt: typeAt + 4 };
  });
  return { tensors, end: at };
}

const aligned = (offset: number): number => Math.ceil(offset / ALIGNMENT) * ALIGNMENT;
