import { IzwiError } from "../errors.js";
import type { Sound } from "./voice.js";

const HEADER_BYTES = 44;

/** In the place of a length that isn't known yet: players then read to the file's end. */
const UNKNOWN_LENGTH = 0xffffffff;

/** The header of a WAV file: one channel, 16 bits. Without a length, that of a stream. */
export function wavHeader(sampleRate: number, dataBytes?: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write("RIFF", 0, "latin1");
  header.writeUInt32LE(dataBytes === undefined ? UNKNOWN_LENGTH : dataBytes + HEADER_BYTES - 8, 4);
  header.write("WAVEfmt ", 8, "latin1");
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(sampleRate, 24);
  header.writeUInt32LE(sampleRate * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36, "latin1");
  header.writeUInt32LE(dataBytes ?? UNKNOWN_LENGTH, 40);
  return header;
}

/** Reads a WAV file of 16 bits; of several channels, the first. A stream's unknown length is no mistake. */
export function parseWav(file: Uint8Array): Sound {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length < 12 || bytes.toString("latin1", 0, 4) !== "RIFF" || bytes.toString("latin1", 8, 12) !== "WAVE") {
    throw new IzwiError("INTERNAL", "The voice's output isn't a WAV file.");
  }
  let format: { channels: number; sampleRate: number } | undefined;
  for (let offset = 12; offset + 8 <= bytes.length;) {
    const name = bytes.toString("latin1", offset, offset + 4);
    const length = bytes.readUInt32LE(offset + 4);
    const start = offset + 8;
    if (name === "fmt " && start + 16 <= bytes.length) {
      const bits = bytes.readUInt16LE(start + 14);
      if (bits !== 16) throw new IzwiError("INTERNAL", `The voice's output has ${bits} bits a sample instead of 16.`);
      format = { channels: bytes.readUInt16LE(start + 2), sampleRate: bytes.readUInt32LE(start + 4) };
    }
    if (name === "data" && format !== undefined) {
      const { channels, sampleRate } = format;
      const end = Math.min(bytes.length, start + length);
      const samples = new Int16Array(Math.floor((end - start) / 2 / channels));
      for (let i = 0; i < samples.length; i++) samples[i] = bytes.readInt16LE(start + i * 2 * channels);
      return { sampleRate, samples };
    }
    offset = start + length + (length % 2);
  }
  throw new IzwiError("INTERNAL", "The voice's output is a WAV file without sound.");
}

/** Samples as bytes, the lowest first, which is how files and players want them. */
export function toBytes(samples: Int16Array): Buffer {
  const bytes = Buffer.alloc(samples.length * 2);
  for (let i = 0; i < samples.length; i++) bytes.writeInt16LE(samples[i]!, i * 2);
  return bytes;
}
