/** `izwi status` and `izwi ps`: how the running server is. */
import type { OutputFormat } from "../args/options.js";
import { ExitCode } from "../exit-code.js";
import { fileSize } from "../model-text.js";
import { columns, facts } from "../output/columns.js";
import { printResult, structuredItem } from "../output/result.js";
import { mean, parseMetrics, total } from "../prometheus.js";
import { ServerClient, ServerError } from "../server-client.js";
import type { Health, LoadedModel, ServerAddress } from "../server-client.js";
import type { CommandContext } from "./context.js";

export interface StatusSettings {
  server: ServerAddress;
  detailed: boolean;
  watch?: number;
  format: OutputFormat;
}

export async function statusCommand(settings: StatusSettings, context: CommandContext): Promise<ExitCode> {
  const { printer, stop } = context;
  const client = new ServerClient(settings.server, stop.signal);
  if (settings.watch === undefined) {
    return asking(context, async () => printStatus(await look(client, settings), settings, context));
  }
  // Somebody who watches leaves by Ctrl+C, and has got what was wanted.
  let interrupted = false;
  let wake = () => {};
  const release = stop.takeInterrupt(() => {
    interrupted = true;
    wake();
  });
  const left = () => interrupted || stop.signal.aborted || printer.readerGone.aborted;
  try {
    while (!left()) {
      await asking(context, async () => watchOnce(client, settings, context));
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, settings.watch! * 1000);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
        stop.signal.addEventListener("abort", wake, { once: true });
      });
    }
  } finally {
    release();
  }
  return stop.signal.aborted ? stop.exitCode : ExitCode.ok;
}

export async function psCommand(
  settings: { server: ServerAddress; format: OutputFormat },
  context: CommandContext,
): Promise<ExitCode> {
  const { printer, stop } = context;
  return asking(context, async () => {
    const { models } = await new ServerClient(settings.server, stop.signal).health();
    printResult(printer, settings.format, {
      value: models,
      table: () => modelTable(models),
      plain: () => models.map(({ id }) => `${id}\n`).join(""),
    });
    if (models.length === 0) printer.talk("No model is loaded; the first request that names one loads it.");
  });
}

/** Says why there is no answer, and how to get one. */
export async function asking({ printer, stop }: CommandContext, ask: () => Promise<void>): Promise<ExitCode> {
  try {
    await ask();
    return ExitCode.ok;
  } catch (error) {
    if (stop.signal.aborted) return stop.exitCode;
    if (!(error instanceof ServerError)) throw error;
    const hint = error.status === undefined ? { hint: "Start one with: izwi serve" } : {};
    printer.fail({ message: error.message, ...hint });
    return ExitCode.failure;
  }
}

async function look(client: ServerClient, { server, detailed }: StatusSettings) {
  const health = await client.health();
  return {
    server: server.url,
    ...health,
    ...(detailed && { work: await work(client), available: await available(client) }),
  };
}

type Status = { server: string; work?: Work | undefined; available?: string[] } & Health;
type Work = ReturnType<typeof workOf>;

/** The counters since the server's start; undefined where it keeps them to itself. */
async function work(client: ServerClient): Promise<Work | undefined> {
  try {
    return workOf(await client.text("GET", "/metrics"));
  } catch (error) {
    if (error instanceof ServerError && error.status === 404) return undefined;
    throw error;
  }
}

function workOf(text: string) {
  const samples = parseMetrics(text);
  return {
    requests_active: total(samples, "izwi_requests_active"),
    requests_queued: total(samples, "izwi_requests_queued"),
    requests_completed: total(samples, "izwi_requests_completed_total"),
    requests_failed: total(samples, "izwi_requests_failed_total"),
    prompt_tokens: total(samples, "izwi_prompt_tokens_total"),
    cached_prompt_tokens: total(samples, "izwi_cached_prompt_tokens_total"),
    completion_tokens: total(samples, "izwi_completion_tokens_total"),
    mean_ttft_ms: mean(samples, "izwi_latency_ttft_ms") ?? null,
    mean_inter_token_ms: mean(samples, "izwi_latency_inter_token_ms") ?? null,
    process_memory_bytes: total(samples, "process_resident_memory_bytes"),
  };
}

async function available(client: ServerClient): Promise<string[]> {
  const { data } = await client.json<{ data: { id: string }[] }>("GET", "/v1/models");
  return data.map(({ id }) => id);
}

function printStatus(status: Status, { format }: StatusSettings, { printer }: CommandContext): void {
  printResult(printer, format, { value: status, table: () => statusText(status) });
}

async function watchOnce(client: ServerClient, settings: StatusSettings, { printer }: CommandContext): Promise<void> {
  const status = await look(client, settings);
  const item = structuredItem(settings.format, status);
  if (item !== undefined) return printer.data(item);
  printer.clearScreen();
  printer.data(`${new Date().toISOString()}\n${statusText(status)}\n`);
}

function statusText({ server, status, version, uptime_secs, runtime, models, work, available }: Status): string {
  const device = runtime.detected_device;
  const computes =
    device && `${runtime.selected_backend} ${device.kind} ${device.instruction_set}, ${device.threads} threads`;
  const memory = `${fileSize(runtime.available_memory_bytes)} of ${fileSize(runtime.total_memory_bytes)} available`;
  const lines: [string, string | undefined][] = [
    ["server", server],
    ["status", status],
    ["version", version],
    ["up for", duration(uptime_secs)],
    ["computes", computes ?? `${runtime.requested_backend}; no model is loaded`],
    ["memory", memory],
  ];
  if (available !== undefined) lines.push(["node", `${runtime.node}, ${runtime.platform}`]);
  if (work !== undefined) lines.push(...workLines(work));
  if (available !== undefined) lines.push(["models", available.join(", ")]);
  return facts(lines) + (models.length > 0 ? `\n${modelTable(models)}` : "");
}

function workLines(work: Work): [string, string | undefined][] {
  const ms = (value: number | null) => (value === null ? undefined : `${value.toFixed(value < 100 ? 1 : 0)} ms`);
  return [
    [
      "requests",
      `${work.requests_active} running, ${work.requests_queued} waiting, ${work.requests_completed} completed, ` +
        `${work.requests_failed} failed`,
    ],
    [
      "tokens",
      `${work.prompt_tokens} read (${work.cached_prompt_tokens} from the cache), ${work.completion_tokens} written`,
    ],
    ["first token", ms(work.mean_ttft_ms)],
    ["each token", ms(work.mean_inter_token_ms)],
    ["process", fileSize(work.process_memory_bytes)],
  ];
}

function modelTable(models: readonly LoadedModel[]): string {
  const until = ({ expires_at, requests }: LoadedModel) => {
    if (expires_at !== null) return `in ${duration(Math.max(0, expires_at - Date.now() / 1000))}`;
    return requests > 0 ? "in use" : "";
  };
  return columns(
    ["NAME", "STATUS", "QUANTIZATION", "CONTEXT", "DEVICE", "REQUESTS", "UNLOADED"],
    models.map((model) => [
      model.id,
      model.error === null ? model.status : `${model.status}: ${model.error}`,
      model.quantization ?? "",
      model.context_length === null ? "" : String(model.context_length),
      model.device ?? "",
      String(model.requests),
      until(model),
    ]),
    [3, 5],
  );
}

function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const hours = Math.floor(whole / 3600);
  return hours < 48 ? `${hours} h ${Math.floor((whole % 3600) / 60)} min` : `${Math.floor(hours / 24)} days`;
}
