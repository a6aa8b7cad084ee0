import type { GenerationSettings } from "@izwi/core";
import type { ServedModel } from "../model-source.js";
import type { Limits } from "../route-context.js";
import { numChoicesOf } from "./chat-request.js";
import type { CompletionRequest } from "./completion-schema.js";
import { badParameter } from "./errors.js";
import { responseFormatOf } from "./response-format.js";
import { maxTokensOf, samplingSettings } from "./sampling.js";

/** What a completion does when nothing is said about its length, as OpenAI's API. */
const DEFAULT_MAX_TOKENS = 16;

/** A completion's body in core's words, but for the prompts, which need the model's tokenizer. */
export interface CompletionPlan {
  settings: GenerationSettings;
  /** 0: nothing is generated. */
  maxTokens: number;
  numChoices: number;
  echo: boolean;
  /** Alternatives to tell for each token; undefined: no log probabilities. */
  logprobs: number | undefined;
}

/** Throws an ApiError for values that can't be served. */
export function toCompletionPlan(wire: CompletionRequest, limits: Limits): CompletionPlan {
  if (wire.suffix) throw badParameter("suffix", "suffix is not supported.", "unsupported_parameter");
  const numChoices = numChoicesOf(wire.n, limits);
  if (wire.best_of != null && wire.best_of !== numChoices) {
    throw badParameter("best_of", "best_of is not supported, unless it is n.", "unsupported_parameter");
  }
  const maxTokens = maxTokensOf(wire.max_tokens ?? DEFAULT_MAX_TOKENS, limits.completionTokens, "max_tokens");
  const settings: GenerationSettings = samplingSettings(wire);
  if (maxTokens > 0) settings.maxTokens = maxTokens;
  const responseFormat = responseFormatOf(wire.response_format);
  if (responseFormat !== undefined) settings.responseFormat = responseFormat;
  if (wire.logprobs != null) settings.logprobs = wire.logprobs;
  return { settings, maxTokens, numChoices, echo: wire.echo === true, logprobs: wire.logprobs ?? undefined };
}

/** A text for a model, as the client gave it and as token ids. */
export interface TokenizedText {
  /** Undefined where the client gave token ids. */
  text: string | undefined;
  tokenIds: readonly number[];
}

/**
 * One or several texts as token ids. Throws an ApiError that names `field`.
 *
 * @param parseSpecial whether `<|im_end|>` and the like in a text are the tokens of that name
 */
export function tokenizeAll(
  texts: string | readonly string[] | readonly number[] | readonly (readonly number[])[],
  model: ServedModel,
  field: string,
  parseSpecial: boolean,
): TokenizedText[] {
  const isList = Array.isArray(texts) && typeof texts[0] !== "number";
  const list = (isList ? texts : [texts]) as readonly (string | readonly number[])[];
  return list.map((entry, index) => {
    const at = isList ? `${field}[${index}]` : field;
    if (typeof entry !== "string") return { text: undefined, tokenIds: checkedIds(entry, model, at) };
    const tokenIds = model.tokenize(entry, { parseSpecial });
    if (tokenIds.length === 0) throw badParameter(at, `${at} must not be empty.`);
    return { text: entry, tokenIds };
  });
}

/** Throws for a token id that the model doesn't have. */
export function checkedIds(tokenIds: readonly number[], model: ServedModel, field: string): readonly number[] {
  const { vocabSize } = model.info;
  const wrong = tokenIds.findIndex((id) => id >= vocabSize);
  if (wrong >= 0) {
    const at = `${field}[${wrong}]`;
    throw badParameter(at, `${at} is ${tokenIds[wrong]}, but the model's token ids end at ${vocabSize - 1}.`);
  }
  return tokenIds;
}

/** How many texts the client gave. */
export function numTexts(texts: string | readonly unknown[]): number {
  return Array.isArray(texts) && typeof texts[0] !== "number" ? texts.length : 1;
}
