import {
  resample,
  SPEED_RANGE,
  SpeechStream,
  toBytes,
  wavHeader,
  type SpokenSentence,
  type VoiceInfo,
} from "@izwi/core";
import { z } from "@hono/zod-openapi";
import type { VoiceLease } from "../voice-pool.js";
import { badParameter } from "./errors.js";

/** Longer texts are better spoken in parts. */
const MOST_CHARACTERS = 100_000;

/** What OpenAI's `pcm` is: nothing in it says so. */
const PCM_SAMPLE_RATE = 24_000;

/** OpenAI's own voices, which clients ask for where nobody chose one: the default voice answers for them. */
const OPENAI_VOICES = new Set("alloy ash ballad cedar coral echo fable marin nova onyx sage shimmer verse".split(" "));

const FORMATS = ["wav", "pcm"] as const;

/** The body of POST /v1/audio/speech. Fields that aren't here are ignored. */
export const SpeechRequest = z
  .object({
    model: z.string().nullish().openapi({ description: "Any name: the voice decides what speaks." }),
    input: z.string().max(MOST_CHARACTERS).openapi({
      description: "What to say. Markdown is read as a person would read it aloud.",
    }),
    voice: z
      .union([z.string(), z.object({ id: z.string() })])
      .nullish()
      .openapi({ description: "One of /v1/audio/voices. OpenAI's names stand for the default voice." }),
    response_format: z
      .string()
      .nullish()
      .openapi({ description: "wav or pcm (24 kHz, 16 bits, one channel). Default: wav." }),
    stream_format: z.string().nullish().openapi({ description: "audio: the sound itself, as it is made." }),
    speed: z.number().min(SPEED_RANGE.min).max(SPEED_RANGE.max).nullish().openapi({ description: "Default: 1." }),
  })
  .openapi("SpeechRequest");

export type SpeechRequest = z.output<typeof SpeechRequest>;

/** The answer of GET /v1/audio/voices. */
export const VoiceList = z
  .object({
    voices: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        language: z.string(),
        engine: z.string(),
        default: z.boolean(),
      }),
    ),
  })
  .openapi("VoiceList");

export type VoiceList = z.output<typeof VoiceList>;

export function toVoiceList(voices: readonly VoiceInfo[]): VoiceList {
  return {
    voices: voices.map(({ id, description, language, engine, isDefault }) => ({
      id,
      name: description,
      language,
      engine,
      default: isDefault,
    })),
  };
}

/** The name of the voice that a request means. */
export function voiceOf({ voice }: SpeechRequest): string {
  const name = (typeof voice === "object" ? voice?.id : voice)?.trim() ?? "";
  return name === "" || OPENAI_VOICES.has(name.toLowerCase()) ? "default" : name;
}

export type SpeechFormat = (typeof FORMATS)[number];

/** Throws where the request wants sound in a way that isn't to be had. */
export function formatOf(wire: SpeechRequest): SpeechFormat {
  const { response_format: format, stream_format: streamFormat } = wire;
  if (streamFormat != null && streamFormat !== "audio") {
    throw badParameter("stream_format", `stream_format must be audio, not ${streamFormat}.`, "unsupported_value");
  }
  const found = FORMATS.find((known) => known === (format ?? "wav"));
  if (found !== undefined) return found;
  const message = `response_format must be wav or pcm, not ${format}: this server has no encoder for it.`;
  throw badParameter("response_format", message, "unsupported_value");
}

export const CONTENT_TYPES: Record<SpeechFormat, string> = { wav: "audio/wav", pcm: "audio/pcm" };

/**
 * The sound as it is made, a sentence at a time. Waits for the first, so that what fails before it gets a status of
 * its own. `lease` is given back when the last byte was taken, or nobody wants more.
 */
export async function speechBody(
  wire: SpeechRequest,
  lease: VoiceLease,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const format = formatOf(wire);
  const leaving = new AbortController();
  const stop = AbortSignal.any([signal, leaving.signal]);
  const stream = new SpeechStream(lease.voice, { speed: wire.speed ?? undefined, signal: stop });
  stream.push(wire.input);
  stream.end();
  const sentences = stream[Symbol.asyncIterator]();
  let next: IteratorResult<SpokenSentence, void>;
  try {
    next = await sentences.next();
    if (next.done) throw badParameter("input", "input has nothing that can be read aloud.");
  } catch (error) {
    lease.release();
    throw error;
  }
  let first = true;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          if (next.done) {
            lease.release();
            return controller.close();
          }
          const bytes = encoded(next.value, format);
          controller.enqueue(
            first && format === "wav" ? Buffer.concat([wavHeader(next.value.sampleRate), bytes]) : bytes,
          );
          first = false;
          next = await sentences.next();
        } catch (error) {
          lease.release();
          controller.error(error);
        }
      },
      cancel() {
        leaving.abort();
        lease.release();
      },
    },
    // A slow client slows the voice down.
    { highWaterMark: 0 },
  );
}

function encoded({ samples, sampleRate }: SpokenSentence, format: SpeechFormat): Buffer {
  return toBytes(format === "pcm" ? resample(samples, sampleRate, PCM_SAMPLE_RATE) : samples);
}
