/** A model's own speed in this process: prompts read, tokens decoded, alone and together. */
import type { SpeedFlags } from "../args/bench.js";
import type { OutputFormat } from "../args/options.js";
import { loadChosen } from "../chosen-model.js";
import type { AskedModel } from "../chosen-model.js";
import type { CommandContext } from "../commands/context.js";
import type { ChatModel } from "../core.js";
import { ExitCode } from "../exit-code.js";
import { describeModel } from "../model-text.js";
import { columns, facts } from "../output/columns.js";
import { printResult } from "../output/result.js";
import type { LoadSettings } from "../settings.js";
import { spread } from "./spread.js";
import type { Spread } from "./spread.js";
import { lengthOf, nameOf, ratedTokens, shareOfMemory, worksOf } from "./works.js";
import type { Work } from "./works.js";

export interface SpeedSettings extends SpeedFlags, AskedModel {
  load: LoadSettings;
  format: OutputFormat;
}

interface Measured extends Work {
  tokensPerSecond: Spread;
  shareOfMemory?: number;
}

export async function measureSpeed(settings: SpeedSettings, context: CommandContext): Promise<ExitCode> {
  const { printer, stop } = context;
  const works = worksOf(settings);
  const most = Math.max(...works.map(({ sequences }) => sequences), 1);
  const contextLength = Math.max(...works.map(lengthOf), 1) + 1;
  // Every token is to cost a pass: what guessing saves depends on the text, and that is made up here.
  const load = { ...settings.load, contextLength, maxRunning: most, speculation: "off" as const };
  const model = await loadChosen(settings, load, context);
  const progress = printer.progress("Measuring…");
  try {
    const fitting = works.filter((work) => lengthOf(work) <= model.info.contextLength);
    const bytesPerSecond = await (await context.loadCore()).memoryBandwidth(model.info.threads);
    const measured: Measured[] = [];
    for (const work of fitting) {
      const tokensPerSecond = await repeat(work, settings.repetitions, model, stop.signal, (number) =>
        progress.update(`Measuring… ${nameOf(work)}, ${number} of ${settings.repetitions}`),
      );
      if (stop.signal.aborted) return stop.exitCode;
      const share = shareOfMemory(work, tokensPerSecond.median, model.info, kvBytesPerPosition(model), bytesPerSecond);
      measured.push({ ...work, tokensPerSecond, ...(share !== undefined && { shareOfMemory: share }) });
    }
    progress.done();
    print(measured, works.length - fitting.length, bytesPerSecond, model, settings, context);
    return ExitCode.ok;
  } catch (error) {
    if (stop.signal.aborted) return stop.exitCode;
    throw error;
  } finally {
    progress.done();
    await model.close();
  }
}

function kvBytesPerPosition(model: ChatModel): number {
  return model.info.kvCacheBytes / (model.stats().blocksTotal * model.info.blockSize);
}

/** Once before the clock is used: pages in the weights and fills the KV cache as far as the work has it. */
async function repeat(
  work: Work,
  repetitions: number,
  model: ChatModel,
  signal: AbortSignal,
  tell: (number: number) => void,
): Promise<Spread> {
  const figures: number[] = [];
  for (let number = 0; number <= repetitions; number++) {
    tell(Math.max(1, number));
    const prompts = promptsOf(work, number, model.info.vocabSize);
    for (const ids of prompts) if (work.depth > 0) await complete(model, ids.slice(0, work.depth), 1, signal);
    const startedAt = performance.now();
    const usages = await Promise.all(prompts.map((ids) => complete(model, ids, work.tokens, signal)));
    const ms = performance.now() - startedAt;
    if (usages.some(({ completionTokens }) => completionTokens !== work.tokens)) {
      throw new Error(`${nameOf(work)}: the model gave fewer tokens than asked for.`);
    }
    if (number > 0) figures.push((ratedTokens(work) * 1000) / ms);
  }
  return spread(figures)!;
}

async function complete(model: ChatModel, tokenIds: number[], maxTokens: number, signal: AbortSignal) {
  const request = { tokenIds, maxTokens, temperature: 0, stopTokenIds: [] };
  for await (const event of model.complete(request, { signal })) if (event.type === "end") return event.usage;
  throw new Error("The answer ended without its end.");
}

/** What is in the KV cache is the same each time; the rest differs from its first token on, so that it is read anew. */
function promptsOf({ sequences, depth, prompt }: Work, number: number, vocabSize: number): number[][] {
  return Array.from({ length: sequences }, (_, index) => [
    ...tokenIds(depth, 1000 + index, vocabSize),
    ...tokenIds(prompt, 10_000_000 * (number + 1) + 1000 * prompt + index, vocabSize),
  ]);
}

/** Pseudo-random ids of ordinary tokens: special ones stand at a vocabulary's end. */
function tokenIds(count: number, seed: number, vocabSize: number): number[] {
  let state = Math.imul(seed, 2_654_435_761) >>> 0;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * vocabSize * 0.95);
  });
}

function print(
  measured: readonly Measured[],
  leftOut: number,
  bytesPerSecond: number | undefined,
  model: ChatModel,
  { format, repetitions, tokens }: SpeedSettings,
  { printer }: CommandContext,
): void {
  const { id, contextLength, isa, threads } = model.info;
  const percent = (share: number | undefined) => (share === undefined ? "" : `${(share * 100).toFixed(0)}%`);
  const rows = measured.map((work) => {
    const { median, least, most } = work.tokensPerSecond;
    return [nameOf(work), ...[median, least, most].map((value) => value.toFixed(1)), percent(work.shareOfMemory)];
  });
  if (leftOut > 0) printer.notice(`${leftOut} left out: the model's context has only ${contextLength} tokens.`);
  printResult(printer, format, {
    value: {
      ...{ model: id, about: describeModel(model.info), isa, threads, repetitions, leftOut },
      ...{ memoryBytesPerSecond: bytesPerSecond ?? null, works: measured },
    },
    table: () =>
      facts([
        ["model", describeModel(model.info)],
        ["memory", bytesPerSecond === undefined ? undefined : `${(bytesPerSecond / 1e9).toFixed(1)} GB/s can be read`],
        ["each", `${tokens} tokens decoded, the median of ${repetitions}`],
      ]) + `\n${columns(["", "TOKENS/S", "LEAST", "MOST", "OF MEMORY"], rows, [1, 2, 3, 4])}`,
    plain: () => measured.map((work) => `${nameOf(work)}\t${work.tokensPerSecond.median}\n`).join(""),
  });
}
