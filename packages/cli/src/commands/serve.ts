/** `izwi serve`: starts the HTTP server, and stops it in good order. */
import { statSync } from "node:fs";
import type { Logger, RunningServer } from "@izwi/server";
import { ExitCode } from "../exit-code.js";
import { describeFailure } from "../failure.js";
import { harmless } from "../printer.js";
import type { Printer } from "../printer.js";
import type { ServeSettings } from "../serve-settings.js";
import type { CommandContext } from "./context.js";

/** How long running answers may take to finish after Ctrl+C or SIGTERM. */
const drainMs = 30_000;

export async function serveCommand(settings: ServeSettings, context: CommandContext): Promise<ExitCode> {
  const { printer, stop } = context;
  stop.bePatient(drainMs + 5000);
  const { createLogger, startServer } = await context.loadServer();
  const { logLevel: level, logFormat: format } = settings;
  const log = createLogger({ level, format, write: (line) => printer.notice(line) });
  let server: RunningServer;
  try {
    server = await startServer(serverOptions(settings, log));
  } catch (error) {
    printer.fail(describeFailure(error, "load"));
    if (settings.models.some(isFolder)) printer.notice("A folder of models goes to --models-dir, a model to --model.");
    return ExitCode.failure;
  }
  announce(server, settings, log, printer);
  if (settings.mode !== "server") openPage(server, settings, context);
  const failed = await untilStopped(server, stop.signal, printer);
  if (server.active > 0) {
    tell(settings, printer, `Finishing ${server.active} requests; Ctrl+C again stops at once.`);
  }
  await server.close({ graceMs: failed ? 0 : drainMs });
  tell(settings, printer, "Stopped.");
  return failed ? ExitCode.failure : ExitCode.ok;
}

function serverOptions(settings: ServeSettings, log: Logger): Parameters<ServerStart>[0] {
  const { host, port, models, defaultModel, load, apiKey, corsOrigins, allowedHosts, pages } = settings;
  const { maxConcurrent, timeoutMs, keepAliveMs, upstreams } = settings;
  return {
    ...(host !== undefined && { host }),
    ...(apiKey !== undefined && { apiKey }),
    ...(defaultModel !== undefined && { defaultModel }),
    ...(corsOrigins.length > 0 && { corsOrigins }),
    port,
    preload: models,
    load,
    allowedHosts,
    pages,
    maxConcurrent,
    timeoutMs,
    keepAliveMs,
    upstreams,
    log,
  };
}

type ServerStart = Awaited<ReturnType<CommandContext["loadServer"]>>["startServer"];

/** In some programs -m is the models directory; there -m FOLDER finds none or too many models. */
function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Where to call, and with which key. Programs that read the log get the same as one of its lines. */
function announce(server: RunningServer, settings: ServeSettings, log: Logger, printer: Printer): void {
  const keyMade = settings.apiKey === undefined ? server.apiKey : undefined;
  if (settings.logFormat === "json") {
    log.info("listening", { url: server.url, ...(keyMade !== undefined && { api_key: keyMade }) });
    return;
  }
  const { colors } = printer;
  printer.talk(`Izwi answers at ${colors.bold(server.url)}  (OpenAI clients: ${server.url}/v1)`);
  if (settings.pages) printer.talk(`Chat: ${server.url}/chat  ${colors.dim(`The API: ${server.url}/docs`)}`);
  const models = settings.models.length > 0 ? settings.models : [settings.defaultModel ?? ""].filter(Boolean);
  if (models.length > 0) printer.talk(`Models: ${harmless(models.join(", "))}`);
  if (keyMade !== undefined) printer.notice(`Others can call this server, so requests need this API key: ${keyMade}`);
  printer.talk(colors.dim("Ctrl+C stops."));
}

function tell(settings: ServeSettings, printer: Printer, line: string): void {
  if (settings.logFormat === "text") printer.talk(line);
}

/** Opens the chat page. There is no program of its own for the desktop: the browser is that, too. */
function openPage(server: RunningServer, { pages, logFormat }: ServeSettings, context: CommandContext): void {
  if (pages) context.openBrowser(`${server.url}/chat`);
  else if (logFormat === "text") context.printer.notice("Pages are switched off (--no-ui), so there is none to open.");
}

/** Waits for a signal. True when a model that was to be loaded at the start can't be: then the server is of no use. */
async function untilStopped(server: RunningServer, signal: AbortSignal, printer: Printer): Promise<boolean> {
  const stopped = new Promise<false>((resolve) => {
    if (signal.aborted) resolve(false);
    else signal.addEventListener("abort", () => resolve(false), { once: true });
  });
  const unusable = new Promise<true>((resolve) => {
    server.ready.catch((error: unknown) => {
      if (signal.aborted) return;
      printer.fail(describeFailure(error, "load"));
      resolve(true);
    });
  });
  return Promise.race([stopped, unusable]);
}
