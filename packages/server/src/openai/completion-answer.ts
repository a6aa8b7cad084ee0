import type { EndEvent, ModelInfo, TokenLogprob } from "@izwi/core";
import type { ServedModel } from "../model-source.js";
import type { Answering } from "./answering.js";
import type { CompletionPlan, TokenizedText } from "./completion-request.js";
import type { Completion } from "./completion-schema.js";
import type { ServerEvent } from "./event-stream.js";
import { newId, systemFingerprint, unixSeconds } from "./ids.js";
import { interleave, type Interleaved } from "./interleave.js";
import { LegacyLogprobsWriter, type LegacyLogprobs, type ScoredToken } from "./logprobs.js";
import { MOST_AT_ONCE, settingsOfChoice } from "./sampling.js";
import { sumUsage, toWireTimings, toWireUsage, usageOfChoices } from "./usage.js";

/** A piece of a completion: text with its tokens, or the end. */
export type CompletionPiece = { type: "text"; text: string; tokens: ScoredToken[] } | EndEvent;

/** The pieces of all completions as they come; a prompt's choices follow one another in the index. */
export function completionPieces(
  answering: Answering,
  model: ServedModel,
  prompts: readonly TokenizedText[],
  plan: CompletionPlan,
): AsyncGenerator<Interleaved<CompletionPiece>, void> {
  const sources = prompts.flatMap((prompt) => {
    let scored: Promise<ScoredToken[]> | undefined;
    const score = () => (scored ??= scorePrompt(model, prompt.tokenIds, plan, answering.signal));
    return Array.from({ length: plan.numChoices }, (_, choice) => () => {
      return piecesOf(answering, model, prompt, plan, choice, score);
    });
  });
  return interleave(sources, MOST_AT_ONCE);
}

async function* piecesOf(
  answering: Answering,
  model: ServedModel,
  prompt: TokenizedText,
  plan: CompletionPlan,
  choice: number,
  score: () => Promise<ScoredToken[]>,
): AsyncGenerator<CompletionPiece, void> {
  const { tokenIds } = prompt;
  if (plan.echo) {
    const tokens = plan.logprobs === undefined ? [] : await score();
    yield { type: "text", text: prompt.text ?? model.detokenize(tokenIds), tokens };
  }
  if (plan.maxTokens === 0) {
    yield endWithoutAnswer(tokenIds.length);
    return;
  }
  const settings = settingsOfChoice(plan.settings, choice);
  const events = answering.observe(
    model.complete({ ...answering.client, ...settings, tokenIds }, { signal: answering.signal }),
  );
  let numTokens = 0;
  for await (const event of events) {
    if (event.type === "text-delta") {
      const tokens = event.logprobs ?? [];
      numTokens += tokens.length;
      yield { type: "text", text: event.text, tokens };
    } else if (event.type === "end") {
      if (plan.echo && plan.logprobs !== undefined && numTokens === 0 && event.finishReason === "stop") {
        const tokens = await endToken(model, tokenIds, plan.logprobs, answering.signal);
        yield { type: "text", text: "", tokens };
      }
      yield event;
    }
  }
}

async function scorePrompt(
  model: ServedModel,
  tokenIds: readonly number[],
  plan: CompletionPlan,
  signal: AbortSignal,
): Promise<ScoredToken[]> {
  const logprobs = await model.logprobs(tokenIds, { top: plan.logprobs ?? 0, signal });
  const first = model.detokenize(tokenIds.slice(0, 1));
  return logprobs.map((entry) => entry ?? { text: first, bytes: [...new TextEncoder().encode(first)] });
}

/**
 * The token that ended an answer before its first word. Evaluation harnesses ask for the prompt with one token more
 * and cut off the last entry, so an entry there must be.
 */
async function endToken(
  model: ServedModel,
  tokenIds: readonly number[],
  top: number,
  signal: AbortSignal,
): Promise<ScoredToken[]> {
  const candidates = ["<|im_end|>", "<|endoftext|>"].map((text) => model.tokenize(text, { parseSpecial: true }));
  const single = candidates.filter((ids) => ids.length === 1);
  const scored = await Promise.all(single.map((ids) => model.logprobs([...tokenIds, ...ids], { top, signal })));
  const ends = scored.map((entries) => entries.at(-1)).filter((entry): entry is TokenLogprob => entry != null);
  const [likeliest] = ends.sort((a, b) => b.logprob - a.logprob);
  // The end isn't a part of the text.
  return [likeliest ? { ...likeliest, bytes: [] } : { text: "", bytes: [], logprob: 0, top: [] }];
}

function endWithoutAnswer(promptTokens: number): EndEvent {
  return {
    type: "end",
    finishReason: "length",
    usage: { promptTokens, cachedTokens: 0, completionTokens: 0, reasoningTokens: 0 },
    timings: { queueMs: 0, prefillMs: 0, timeToFirstTokenMs: 0, decodeMs: 0, tokensPerSecond: 0 },
  };
}

export interface CompletionOptions {
  /** The name to repeat. */
  model: string;
  info: ModelInfo;
  numPrompts: number;
  plan: CompletionPlan;
}

function head({ model, info }: CompletionOptions) {
  const object = "text_completion" as const;
  return { id: newId("cmpl-"), object, created: unixSeconds(), model, system_fingerprint: systemFingerprint(info) };
}

/** Waits for all pieces and makes one answer of them. */
export async function toCompletion(
  pieces: AsyncIterable<Interleaved<CompletionPiece>>,
  options: CompletionOptions,
): Promise<Completion> {
  const { plan, numPrompts } = options;
  const answer = head(options);
  const texts = Array.from({ length: numPrompts * plan.numChoices }, () => ({ text: "", tokens: [] as ScoredToken[] }));
  const ends: EndEvent[] = [];
  for await (const { index, value } of pieces) {
    if (value.type === "end") ends[index] = value;
    else {
      texts[index]!.text += value.text;
      texts[index]!.tokens.push(...value.tokens);
    }
  }
  const choices = texts.map(({ text, tokens }, index) => ({
    index,
    text,
    logprobs: plan.logprobs === undefined ? null : new LegacyLogprobsWriter(plan.logprobs).write(tokens),
    finish_reason: finishReason(ends[index]!),
  }));
  const completion: Completion = { ...answer, choices, usage: usageOf(ends, plan.numChoices) };
  if (ends.length === 1 && plan.maxTokens > 0) completion.timings = toWireTimings(ends[0]!);
  return completion;
}

/** The events of a streamed completion. */
export async function* completionChunks(
  pieces: AsyncIterable<Interleaved<CompletionPiece>>,
  options: CompletionOptions & { includeUsage: boolean },
): AsyncGenerator<ServerEvent, void> {
  const { plan, numPrompts, includeUsage } = options;
  const answer = head(options);
  const usage = includeUsage ? { usage: null } : {};
  const writers = Array.from({ length: numPrompts * plan.numChoices }, () =>
    plan.logprobs === undefined ? undefined : new LegacyLogprobsWriter(plan.logprobs),
  );
  const ends: EndEvent[] = [];
  for await (const { index, value } of pieces) {
    const isEnd = value.type === "end";
    const logprobs: LegacyLogprobs | null = isEnd ? null : (writers[index]?.write(value.tokens) ?? null);
    const finish_reason = isEnd ? finishReason(value) : null;
    const choice = { index, text: isEnd ? "" : value.text, logprobs, finish_reason };
    const timings = isEnd && plan.maxTokens > 0 ? { timings: toWireTimings(value) } : {};
    if (isEnd) ends[index] = value;
    yield { data: { ...answer, choices: [choice], ...usage, ...timings } satisfies Completion };
  }
  if (includeUsage) {
    yield { data: { ...answer, choices: [], usage: usageOf(ends, plan.numChoices) } satisfies Completion };
  }
}

function finishReason(end: EndEvent): "stop" | "length" {
  return end.finishReason === "length" ? "length" : "stop";
}

function usageOf(ends: readonly EndEvent[], numChoices: number) {
  const usages = ends.map(({ usage }) => usage);
  const perPrompt = Array.from({ length: usages.length / numChoices }, (_, prompt) =>
    usageOfChoices(usages.slice(prompt * numChoices, (prompt + 1) * numChoices)),
  );
  return toWireUsage(sumUsage(perPrompt));
}
