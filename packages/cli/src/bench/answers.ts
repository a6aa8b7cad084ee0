/** How answers come, from a model in this process or from a server: several clients, each asking again once it is answered. */
import type { AnswerFlags } from "../args/bench.js";
import type { OutputFormat } from "../args/options.js";
import { loadChosen } from "../chosen-model.js";
import type { AskedModel } from "../chosen-model.js";
import type { CommandContext } from "../commands/context.js";
import { ExitCode } from "../exit-code.js";
import { printResult } from "../output/result.js";
import { localResponder, remoteResponder } from "../responder.js";
import type { Responder } from "../responder.js";
import type { ServerAddress } from "../server-client.js";
import type { LoadSettings } from "../settings.js";
import { answersTable, answersValue } from "./answers-text.js";
import { askOnce } from "./ask-once.js";
import type { Answered } from "./ask-once.js";

export interface AnswerSettings extends AnswerFlags, AskedModel {
  load: LoadSettings;
  server?: ServerAddress;
  format: OutputFormat;
}

/** Every answer that was begun is in exactly one of the three. */
export interface Outcome {
  finished: Answered[];
  /** Those that were left in the middle, as `aborts` wants it. */
  left: Answered[];
  /** What went wrong, and how often. */
  failures: Map<string, number>;
  seconds: number;
}

export async function measureAnswers(settings: AnswerSettings, context: CommandContext): Promise<ExitCode> {
  const { printer, stop } = context;
  const responder = await open(settings, context);
  try {
    if (settings.warmup) await askOnce(responder, settings, "warm-up", undefined, stop.signal);
    const outcome = await askAll(responder, settings, context);
    if (stop.signal.aborted) return stop.exitCode;
    const [firstFailure] = outcome.failures.keys();
    if (outcome.finished.length + outcome.left.length === 0) throw new Error(`No answer came: ${firstFailure}`);
    printResult(printer, settings.format, {
      value: answersValue(outcome, responder, settings),
      table: () => answersTable(outcome, responder, settings),
    });
    return firstFailure === undefined ? ExitCode.ok : ExitCode.failure;
  } finally {
    await responder.close();
  }
}

async function open(settings: AnswerSettings, context: CommandContext): Promise<Responder> {
  // A refusal is to be counted, and not asked again in silence.
  if (settings.server !== undefined) return remoteResponder(settings.server, settings, context.stop.signal, 0);
  const { clients, draftModel } = settings;
  const load = { ...settings.load, maxRunning: clients, maxWaiting: clients, ...(draftModel && { draftModel }) };
  return localResponder(await loadChosen(settings, load, context));
}

async function askAll(
  responder: Responder,
  settings: AnswerSettings,
  { printer, stop }: CommandContext,
): Promise<Outcome> {
  const { requests = Number.POSITIVE_INFINITY, duration = Number.POSITIVE_INFINITY, clients, aborts } = settings;
  const outcome: Outcome = { finished: [], left: [], failures: new Map(), seconds: 0 };
  const progress = printer.progress("Measuring…");
  const startedAt = performance.now();
  const elapsed = () => (performance.now() - startedAt) / 1000;
  let begun = 0;
  let done = 0;
  const client = async (): Promise<void> => {
    while (begun < requests && elapsed() < duration && !stop.signal.aborted) {
      const number = ++begun;
      const leaveAfter = Math.random() < aborts ? Math.floor(Math.random() * LATEST_LEAVE) : undefined;
      try {
        const answered = await askOnce(responder, settings, `${number} ${process.pid}`, leaveAfter, stop.signal);
        (answered.left ? outcome.left : outcome.finished).push(answered);
      } catch (error) {
        const { message } = error as Error;
        outcome.failures.set(message, (outcome.failures.get(message) ?? 0) + 1);
        // A server that refuses everything must not be asked in an endless hurry.
        await new Promise((resolve) => setTimeout(resolve, PAUSE_AFTER_FAILURE_MS));
      }
      const of = Number.isFinite(requests) ? `of ${requests}` : `after ${elapsed().toFixed(0)} s`;
      progress.update(`Measuring… ${++done} ${of}`);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(clients, requests) }, client));
  } finally {
    progress.done();
  }
  return { ...outcome, seconds: elapsed() };
}

/** Pieces of text after which an answer is left at the latest. */
const LATEST_LEAVE = 20;
const PAUSE_AFTER_FAILURE_MS = 10;
