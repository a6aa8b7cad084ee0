import type { GenerationSettings } from "@izwi/core";
import { z } from "@hono/zod-openapi";
import { badParameter } from "./errors.js";

const wholeNumber = () => z.number().refine(Number.isInteger, { error: "must be a whole number" });

/** What the schema above is in the API's description: a whole number of any size, where zod's own has a limit. */
const INTEGER: ["integer", "null"] = ["integer", "null"];

const StopString = z.string().min(1, { error: "must not be empty" });

/** The fields about sampling, and about whose turn it is, that every generating endpoint takes. Null is the same as leaving a field out. */
export const samplingFields = {
  temperature: z.number().min(0).max(2).nullish().openapi({
    description: "0 is greedy. Default: Qwen3's recommendation, 0.7, or 0.6 when thinking.",
  }),
  top_p: z.number().min(0).max(1).nullish().openapi({ description: "Default: 0.8, or 0.95 when thinking." }),
  top_k: wholeNumber().nullish().openapi({ type: INTEGER, description: "Default: 20; 0 or -1 switches it off." }),
  min_p: z.number().min(0).max(1).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  repetition_penalty: z.number().positive().max(10).nullish().openapi({ description: "1 changes nothing." }),
  repeat_penalty: z.number().positive().max(10).nullish().openapi({ description: "The same as repetition_penalty." }),
  logit_bias: z
    .record(z.string().regex(/^\d{1,10}$/, { error: "must be a token id" }), z.number().min(-100).max(100))
    .nullish(),
  stop: z
    .union([StopString, z.array(StopString).max(64)], { error: "must be a string or an array of strings" })
    .nullish(),
  seed: wholeNumber().nullish().openapi({
    type: INTEGER,
    description: "The same seed gives the same answer; -1 takes a random one.",
  }),
  priority: z.int().min(-100).max(100).nullish().openapi({
    description: "Lower ones go first; one that is passed over often enough gets its turn all the same. Default: 0.",
  }),
  user: z.string().max(1024).nullish().openapi({
    description: "Who asks: where many wait, users get their turns one after the other. Default: the client's address.",
  }),
  safety_identifier: z.string().max(1024).nullish().openapi({ description: "The newer name of user." }),
};

const SamplingFields = z.object(samplingFields);
export type SamplingFields = z.output<typeof SamplingFields>;

/** The endpoints' sampling fields as core names them; what isn't set stays out, so that the model's defaults hold. */
export function samplingSettings(wire: SamplingFields): GenerationSettings {
  const settings: GenerationSettings = {};
  if (wire.temperature != null) settings.temperature = wire.temperature;
  // 0 means "only the most likely token", which the smallest positive number does.
  if (wire.top_p != null) settings.topP = wire.top_p === 0 ? 1e-6 : wire.top_p;
  if (wire.top_k != null) settings.topK = Math.min(Math.max(wire.top_k, 0), 0xffff_ffff);
  if (wire.min_p != null) settings.minP = wire.min_p;
  if (wire.presence_penalty != null) settings.presencePenalty = wire.presence_penalty;
  if (wire.frequency_penalty != null) settings.frequencyPenalty = wire.frequency_penalty;
  const repetitionPenalty = wire.repetition_penalty ?? wire.repeat_penalty;
  if (repetitionPenalty != null) settings.repetitionPenalty = repetitionPenalty;
  if (wire.logit_bias != null) settings.logitBias = wire.logit_bias;
  if (wire.stop != null && wire.stop.length > 0) settings.stop = wire.stop;
  if (wire.seed != null && wire.seed !== -1) settings.seed = wire.seed;
  if (wire.priority != null) settings.priority = wire.priority;
  const client = wire.safety_identifier ?? wire.user;
  if (client != null) settings.client = client;
  return settings;
}

/**
 * The settings of the `index`-th of several answers to one prompt. With a seed each answer has its own, so that they
 * differ and still come again. Any 64-bit seed is taken, core's are of 53 bits.
 */
export function settingsOfChoice<T extends GenerationSettings>(settings: T, index: number): T {
  if (settings.seed === undefined) return settings;
  return { ...settings, seed: Number(BigInt.asUintN(53, BigInt(settings.seed) + BigInt(index))) };
}

/** A length limit; -1, which other servers know for "no limit", is one too. */
export const tokenLimit = (min: 0 | 1, description: string) =>
  wholeNumber()
    .refine((value) => value >= min || value === -1, { error: `must be at least ${min}` })
    .nullish()
    .openapi({ type: INTEGER, minimum: min, description });

/** The most tokens an answer may have. Throws for more than the server allows. */
export function maxTokensOf(asked: number | null | undefined, limit: number, param: string): number {
  if (asked == null || asked === -1) return limit;
  if (asked > limit) throw badParameter(param, `${param} is ${asked}, but this server gives at most ${limit} tokens.`);
  return asked;
}

/** Answers of one request that are generated at the same time; the others of it follow. */
export const MOST_AT_ONCE = 8;
