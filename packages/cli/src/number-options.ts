import type { ChatRequest } from "@izwi/core";
import { UsageError } from "./failure.js";

/** The numeric fields of a chat request, as flags (`--top-k 20`) and in a session (`/set top-k 20`). */
export type SamplingKey =
  | "temperature"
  | "topK"
  | "topP"
  | "minP"
  | "repetitionPenalty"
  | "presencePenalty"
  | "frequencyPenalty"
  | "seed"
  | "maxTokens";

export type Sampling = Partial<Pick<Required<ChatRequest>, SamplingKey>>;

export interface NumberRange {
  integer: boolean;
  min: number;
  max: number;
  /** The bound itself is not allowed. */
  aboveMin?: boolean;
}

export interface SamplingOption extends NumberRange {
  key: SamplingKey;
  /** As typed: `--top-k`, `/set top-k`. */
  name: string;
  help: string;
}

const unlimited = Number.MAX_SAFE_INTEGER;
const u32Max = 0xffff_ffff;

export const samplingOptions: readonly SamplingOption[] = [
  {
    key: "temperature",
    name: "temperature",
    integer: false,
    min: 0,
    max: unlimited,
    help: "how freely words are chosen; 0 always takes the likeliest",
  },
  {
    key: "topK",
    name: "top-k",
    integer: true,
    min: 0,
    max: u32Max,
    help: "choose among the K likeliest tokens; 0 = all",
  },
  {
    key: "topP",
    name: "top-p",
    integer: false,
    min: 0,
    max: 1,
    aboveMin: true,
    help: "choose among the likeliest tokens that add up to P",
  },
  {
    key: "minP",
    name: "min-p",
    integer: false,
    min: 0,
    max: 1,
    help: "drop tokens less likely than P times the likeliest",
  },
  {
    key: "repetitionPenalty",
    name: "repetition-penalty",
    integer: false,
    min: 0,
    max: unlimited,
    aboveMin: true,
    help: "above 1 discourages tokens that were used; 1 = off",
  },
  {
    key: "presencePenalty",
    name: "presence-penalty",
    integer: false,
    min: -2,
    max: 2,
    help: "above 0 discourages tokens already answered with",
  },
  {
    key: "frequencyPenalty",
    name: "frequency-penalty",
    integer: false,
    min: -2,
    max: 2,
    help: "the same, growing with each use",
  },
  { key: "seed", name: "seed", integer: true, min: 0, max: unlimited, help: "the same seed gives the same answer" },
  { key: "maxTokens", name: "max-tokens", integer: true, min: 1, max: u32Max, help: "longest answer, in tokens" },
];

export const threadsRange: NumberRange = { integer: true, min: 1, max: 1024 };
export const contextLengthRange: NumberRange = { integer: true, min: 1, max: 16_777_216 };

/** "a number from 0 to 2", "a whole number of at least 1", "a number above 0, up to 1" */
export function describeRange(range: NumberRange): string {
  const kind = range.integer ? "a whole number" : "a number";
  if (range.max >= u32Max) return range.aboveMin ? `${kind} above ${range.min}` : `${kind} of at least ${range.min}`;
  if (range.aboveMin) return `${kind} above ${range.min}, up to ${range.max}`;
  return `${kind} from ${range.min} to ${range.max}`;
}

/** Reads a number strictly: `Number("")`, `"0x10"` and `"1e"` are not what people mean. */
export function parseNumber(name: string, text: string, range: NumberRange): number {
  const trimmed = text.trim();
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed) ? Number(trimmed) : Number.NaN;
  const ok =
    Number.isFinite(value) &&
    (!range.integer || Number.isInteger(value)) &&
    value <= range.max &&
    (range.aboveMin ? value > range.min : value >= range.min);
  if (!ok) throw new UsageError(`${name} must be ${describeRange(range)}, not '${text}'.`);
  return value;
}
