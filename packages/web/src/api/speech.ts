import { ApiFailure, call, isRecord } from "./http.js";
import { piecesOf } from "./event-stream.js";

/** What the endpoint's `pcm` is: 16 bits, little end first, one channel. */
export const SAMPLE_RATE = 24_000;

/** Whether the server has a voice; one that knows of none says so, or has no such endpoint. */
export async function hasVoices(): Promise<boolean> {
  try {
    const body: unknown = await (await call("/v1/audio/voices")).json();
    return isRecord(body) && Array.isArray(body["voices"]) && body["voices"].length > 0;
  } catch (error) {
    if (error instanceof ApiFailure) return false;
    throw error;
  }
}

/** A Markdown text read aloud, as it is made: samples from -1 to 1. */
export async function* streamSpeech(input: string, signal: AbortSignal): AsyncGenerator<Float32Array<ArrayBuffer>> {
  const response = await call("/v1/audio/speech", {
    body: { input, voice: "default", response_format: "pcm" },
    signal,
  });
  if (response.body === null) return;
  yield* samplesOf(piecesOf(response.body));
}

/** Samples from bytes that may be cut anywhere, also in the middle of a sample. */
export async function* samplesOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Float32Array<ArrayBuffer>> {
  let odd: number | undefined;
  for await (const piece of pieces) {
    const bytes = odd === undefined ? piece : Uint8Array.of(odd, ...piece);
    odd = bytes.length % 2 === 1 ? bytes.at(-1) : undefined;
    const count = Math.floor(bytes.length / 2);
    if (count === 0) continue;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    yield Float32Array.from({ length: count }, (_, index) => view.getInt16(index * 2, true) / 32_768);
  }
}
