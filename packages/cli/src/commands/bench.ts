/** `izwi bench`: how fast answers come, from a model in this process or from a server. */
import type { BenchFlags } from "../args/measure.js";
import type { OutputFormat } from "../args/options.js";
import { loadChosen } from "../chosen-model.js";
import type { AskedModel } from "../chosen-model.js";
import { ExitCode } from "../exit-code.js";
import { columns, facts } from "../output/columns.js";
import { printResult } from "../output/result.js";
import { localResponder, remoteResponder } from "../responder.js";
import type { Responder } from "../responder.js";
import type { ServerAddress } from "../server-client.js";
import type { LoadSettings } from "../settings.js";
import type { CommandContext } from "./context.js";

export interface BenchSettings extends Omit<BenchFlags, "model" | "json">, AskedModel {
  load: LoadSettings;
  server?: ServerAddress;
  format: OutputFormat;
}

interface Measured {
  ttftMs: number;
  promptTokens: number;
  completionTokens: number;
  prefillTokensPerSecond?: number;
  decodeTokensPerSecond?: number;
  totalMs: number;
}

export async function benchCommand(settings: BenchSettings, context: CommandContext): Promise<ExitCode> {
  const { printer, stop } = context;
  const responder = await open(settings, context);
  const progress = printer.progress("Measuring…");
  try {
    if (settings.warmup) await once(responder, settings, "warm-up", stop.signal);
    const runs: Measured[] = [];
    const failures: string[] = [];
    const startedAt = performance.now();
    let next = 0;
    const client = async (): Promise<void> => {
      while (next < settings.iterations && !stop.signal.aborted) {
        const number = ++next;
        try {
          runs.push(await once(responder, settings, `${number} ${process.pid}`, stop.signal));
        } catch (error) {
          failures.push((error as Error).message);
        }
        progress.update(`Measuring… ${runs.length + failures.length} of ${settings.iterations}`);
      }
    };
    await Promise.all(Array.from({ length: Math.min(settings.concurrency, settings.iterations) }, client));
    progress.done();
    if (stop.signal.aborted) return stop.exitCode;
    if (runs.length === 0) throw new Error(`No answer came: ${failures[0]}`);
    print(runs, failures, (performance.now() - startedAt) / 1000, responder, settings, context);
    return failures.length > 0 ? ExitCode.failure : ExitCode.ok;
  } finally {
    progress.done();
    await responder.close();
  }
}

async function open(settings: BenchSettings, context: CommandContext): Promise<Responder> {
  if (settings.server !== undefined) return remoteResponder(settings.server, settings, context.stop.signal);
  const load = { ...settings.load, maxRunning: settings.concurrency, maxWaiting: settings.concurrency };
  return localResponder(await loadChosen(settings, load, context));
}

/** One answer. `mark` stands at the prompt's beginning and makes it one that no cache has. */
async function once(
  responder: Responder,
  settings: BenchSettings,
  mark: string,
  signal: AbortSignal,
): Promise<Measured> {
  const system =
    settings.system === undefined ? [] : [{ role: "system" as const, content: `${mark}. ${settings.system}` }];
  const user = {
    role: "user" as const,
    content: settings.system === undefined ? `${mark}. ${settings.prompt}` : settings.prompt,
  };
  const request = { messages: [...system, user], maxTokens: settings.maxTokens, thinking: false, temperature: 0 };
  const startedAt = performance.now();
  let firstAt: number | undefined;
  for await (const event of responder.chat(request, { signal })) {
    if (event.type !== "end") {
      firstAt ??= performance.now();
      continue;
    }
    const { usage, timings } = event;
    const prefilled = usage.promptTokens - usage.cachedTokens;
    return {
      ttftMs: (firstAt ?? performance.now()) - startedAt,
      promptTokens: usage.promptTokens,
      completionTokens: usage.completionTokens,
      ...(timings.prefillMs > 0 && { prefillTokensPerSecond: (prefilled * 1000) / timings.prefillMs }),
      ...(timings.tokensPerSecond > 0 && { decodeTokensPerSecond: timings.tokensPerSecond }),
      totalMs: performance.now() - startedAt,
    };
  }
  throw new Error("The answer ended without its end.");
}

function print(
  runs: readonly Measured[],
  failures: readonly string[],
  seconds: number,
  responder: Responder,
  { concurrency, format }: BenchSettings,
  { printer }: CommandContext,
): void {
  const tokens = runs.reduce((sum, { completionTokens }) => sum + completionTokens, 0);
  const figures = [
    ["TTFT, ms", spread(runs.map(({ ttftMs }) => ttftMs))],
    ["prefill, tokens/s", spread(runs.flatMap((run) => run.prefillTokensPerSecond ?? []))],
    ["decode, tokens/s", spread(runs.flatMap((run) => run.decodeTokensPerSecond ?? []))],
    ["answer, ms", spread(runs.map(({ totalMs }) => totalMs))],
  ] as const;
  const tokensPerSecond = tokens / seconds;
  printResult(printer, format, {
    value: {
      ...{ model: responder.id, about: responder.about, clients: concurrency, answers: runs.length, seconds },
      ...{
        failed: failures.length,
        completionTokens: tokens,
        tokensPerSecond,
        requestsPerSecond: runs.length / seconds,
      },
      ...{ ttftMs: figures[0][1], prefillTokensPerSecond: figures[1][1], decodeTokensPerSecond: figures[2][1] },
      ...{ answerMs: figures[3][1], runs },
    },
    table: () =>
      facts([
        ["model", responder.about],
        ["answers", `${runs.length}, ${concurrency} at a time, in ${seconds.toFixed(1)} s`],
        ["failed", failures.length > 0 ? `${failures.length}: ${failures[0]}` : undefined],
        ["together", `${tokensPerSecond.toFixed(1)} tokens/s, ${(runs.length / seconds).toFixed(2)} answers/s`],
      ]) +
      `\n${columns(
        ["", "MEAN", "MEDIAN", "95 %", "LEAST", "MOST"],
        figures.flatMap(([name, it]) =>
          it === null
            ? []
            : [[name, ...[it.mean, it.median, it.p95, it.least, it.most].map((value) => value.toFixed(1))]],
        ),
        [1, 2, 3, 4, 5],
      )}`,
  });
}

function spread(values: readonly number[]) {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]!;
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  return { mean, median: at(0.5), p95: at(0.95), least: sorted[0]!, most: sorted.at(-1)! };
}
