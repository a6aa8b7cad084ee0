import type { Sound } from "./voice.js";

/** Quieter than this, of 32768, is silence. */
const SILENCE_LEVEL = 200;

/** What is left of a voice's own silence at both ends, so that no breath is cut off. */
const MARGIN_MS = 20;

export function silence(sampleRate: number, ms: number): Int16Array {
  return new Int16Array(Math.round((sampleRate * ms) / 1000));
}

/** Without the silence before and after. Voices differ in it; the pause between sentences is ours. */
export function trimSilence({ sampleRate, samples }: Sound): Int16Array {
  const isLoud = (value: number) => Math.abs(value) > SILENCE_LEVEL;
  const first = samples.findIndex(isLoud);
  if (first < 0) return new Int16Array(0);
  const last = samples.findLastIndex(isLoud);
  const margin = Math.round((sampleRate * MARGIN_MS) / 1000);
  return samples.slice(Math.max(0, first - margin), Math.min(samples.length, last + 1 + margin));
}

/** Zero crossings of the resampling filter at each side; more are sharper and slower. */
const LOBES = 16;

/** The same sound at another sample rate, by a windowed sinc that leaves out what the lower rate can't hold. */
export function resample(samples: Int16Array, from: number, to: number): Int16Array {
  if (from === to || samples.length === 0) return samples;
  const result = new Int16Array(Math.round((samples.length * to) / from));
  const cutoff = Math.min(1, to / from);
  const reach = LOBES / cutoff;
  for (let i = 0; i < result.length; i++) {
    const center = (i * from) / to;
    let sum = 0;
    let weight = 0;
    const last = Math.min(samples.length - 1, Math.floor(center + reach));
    for (let j = Math.max(0, Math.ceil(center - reach)); j <= last; j++) {
      const distance = j - center;
      const factor = sinc(distance * cutoff) * (0.5 + 0.5 * Math.cos((Math.PI * distance) / reach));
      sum += samples[j]! * factor;
      weight += factor;
    }
    // At both ends, a part of the filter hangs over nothing; its weight makes up for that.
    result[i] = Math.max(-32768, Math.min(32767, Math.round(sum / (weight || 1))));
  }
  return result;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}
