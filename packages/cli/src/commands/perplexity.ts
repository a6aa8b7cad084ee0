/** `izwi perplexity`: how well a model foretells a text. */
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import type { PerplexityFlags } from "../args/measure.js";
import type { OutputFormat } from "../args/options.js";
import { loadChosen } from "../chosen-model.js";
import type { AskedModel } from "../chosen-model.js";
import type { ChatModel } from "../core.js";
import { ExitCode } from "../exit-code.js";
import { errorCode, UsageError } from "../failure.js";
import { facts } from "../output/columns.js";
import { printResult } from "../output/result.js";
import { perplexityOf, windowsOf } from "../perplexity.js";
import type { LoadSettings } from "../settings.js";
import type { CommandContext } from "./context.js";

export interface PerplexitySettings extends Omit<PerplexityFlags, "model" | "json">, AskedModel {
  load: LoadSettings;
  format: OutputFormat;
}

export async function perplexityCommand(settings: PerplexitySettings, context: CommandContext): Promise<ExitCode> {
  const { method, window, printer } = { ...settings, ...context };
  const stride = settings.stride ?? Math.max(1, Math.floor(window / 2));
  if (stride > window)
    throw new UsageError(`--stride must be at most --window, ${window}; else tokens would be left out.`);
  const content = await read(settings.file, context);
  const model = await loadChosen(settings, { ...settings.load, contextLength: window }, context);
  const startedAt = performance.now();
  try {
    const ids = model.tokenize(content);
    const logprobs = await score(ids, model, { ...settings, stride }, context);
    if (context.stop.signal.aborted) return context.stop.exitCode;
    const found = perplexityOf(logprobs);
    const seconds = (performance.now() - startedAt) / 1000;
    printResult(printer, settings.format, {
      value: { model: model.info.id, ...found, textTokens: ids.length, method, window, stride, seconds },
      table: () =>
        facts([
          ["perplexity", `${found.perplexity.toFixed(4)} ± ${found.error.toFixed(4)}`],
          ["tokens", `${found.tokens} of ${ids.length} counted`],
          ["windows", method === "sliding" ? `${window} tokens, ${stride} further each` : `chunks of ${window} tokens`],
          ["time", `${seconds.toFixed(1)} s`],
        ]),
      plain: () => `${found.perplexity}\n`,
    });
    return ExitCode.ok;
  } finally {
    await model.close();
  }
}

async function score(
  ids: number[],
  model: ChatModel,
  { method, window, stride }: { method: PerplexitySettings["method"]; window: number; stride: number },
  { printer, stop }: CommandContext,
): Promise<number[]> {
  const windows = windowsOf(ids.length, method, window, stride);
  if (windows.length === 0) {
    const least = method === "chunks" ? window : 2;
    throw new Error(`The text has ${ids.length} tokens; at least ${least} are needed.`);
  }
  const progress = printer.progress("Measuring…");
  const logprobs: number[] = [];
  try {
    for (const [index, { begin, end, from }] of windows.entries()) {
      progress.update(`Measuring… ${index + 1} of ${windows.length} windows`);
      const scores = await model.score(ids.slice(begin, end), { signal: stop.signal });
      for (const logprob of scores.slice(from - begin)) if (logprob !== null) logprobs.push(logprob);
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    progress.done();
  }
  return logprobs;
}

async function read(file: string, { stdin }: CommandContext): Promise<string> {
  if (file === "-") return text(stdin);
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new Error(`${file} can't be read (${errorCode(error) ?? String(error)}).`, { cause: error });
  }
}
