import type { Overflow } from "./window.js";

/** How answers are made, by the names of the SDK's sessions. What is left out is the model's own recommendation. */
export interface ChatSettings {
  temperature?: number;
  topP?: number;
  topK?: number;
  minP?: number;
  repetitionPenalty?: number;
  presencePenalty?: number;
  frequencyPenalty?: number;
  maxTokens?: number;
  seed?: number;
  stop?: string | string[];
  logitBias?: Record<string, number>;
  thinking?: boolean | { budget: number };
  /** False: the model sees the newest message only. */
  memory?: boolean;
  /** What happens when the conversation outgrows the context. Left out: `error`. */
  overflow?: Overflow;
  /** Of imported sessions: how often their agents call tools at most. The page itself offers models no tools. */
  maxSteps?: number;
}

/** The settings that are one number each. */
export type NumberSetting =
  | "temperature"
  | "topP"
  | "topK"
  | "minP"
  | "repetitionPenalty"
  | "presencePenalty"
  | "frequencyPenalty"
  | "maxTokens"
  | "seed";

export interface NumberField {
  name: NumberSetting;
  label: string;
  /** What it does, for somebody who doesn't know it. */
  hint: string;
  min: number;
  max: number;
  step: number;
}

/** The number settings in the order in which people reach for them. */
export const NUMBER_FIELDS: readonly NumberField[] = [
  {
    name: "temperature",
    label: "Temperature",
    hint: "Higher is more varied; 0 always takes the likeliest word.",
    min: 0,
    max: 2,
    step: 0.05,
  },
  {
    name: "topP",
    label: "Top P",
    hint: "Considers the likeliest words up to this share of probability.",
    min: 0.01,
    max: 1,
    step: 0.01,
  },
  { name: "topK", label: "Top K", hint: "Considers this many words at most; 0 means all.", min: 0, max: 200, step: 1 },
  {
    name: "minP",
    label: "Min P",
    hint: "Drops words that are this much less likely than the best one.",
    min: 0,
    max: 1,
    step: 0.01,
  },
  {
    name: "presencePenalty",
    label: "Presence penalty",
    hint: "Above 0, words that occurred already become less likely.",
    min: -2,
    max: 2,
    step: 0.1,
  },
  {
    name: "repetitionPenalty",
    label: "Repetition penalty",
    hint: "Above 1, repeating becomes less likely.",
    min: 0.5,
    max: 2,
    step: 0.05,
  },
  {
    name: "maxTokens",
    label: "Longest answer",
    hint: "In tokens, of which a word has one or two.",
    min: 1,
    max: 131_072,
    step: 1,
  },
  {
    name: "seed",
    label: "Seed",
    hint: "The same seed gives the same answer again.",
    min: 0,
    max: 4_294_967_295,
    step: 1,
  },
];

/** A typed-in number: undefined for nothing, or for what isn't a number, and brought into the field's range. */
export function toSetting({ min, max, step }: NumberField, text: string): number | undefined {
  const value = Number(text.trim().replace(",", "."));
  if (text.trim() === "" || !Number.isFinite(value)) return undefined;
  const bounded = Math.min(max, Math.max(min, value));
  return Number.isInteger(step) ? Math.round(bounded) : bounded;
}

/** Settings with one changed; undefined gives it back to the model. */
export function withSetting<Name extends keyof ChatSettings>(
  settings: ChatSettings,
  name: Name,
  value: ChatSettings[Name] | undefined,
): ChatSettings {
  const { [name]: _, ...rest } = settings;
  return value === undefined ? rest : { ...rest, [name]: value };
}

/** Settings without what forms the model's choice of words: for giving that back to the model. */
export function withoutSampling({ thinking, memory, overflow, maxSteps }: ChatSettings): ChatSettings {
  const kept = { thinking, memory, overflow, maxSteps };
  return Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined));
}

/** Instructions to start from. */
export const SYSTEM_PRESETS: readonly { label: string; text: string }[] = [
  {
    label: "Coding assistant",
    text: "You are an expert programmer. Provide clear, well-commented code examples.",
  },
  {
    label: "Writing helper",
    text: "You are a professional editor. Help improve writing clarity and style.",
  },
  {
    label: "Concise responder",
    text: "You are a helpful assistant. Keep responses brief and to the point.",
  },
];
