/** `izwi pull`: brings a model to this machine, and tells how far it is. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { PulledModel, PullProgress } from "@izwi/core";
import type { KvType, OutputFormat } from "../args/options.js";
import type { PullFlags } from "../args/pull.js";
import { canAsk, confirm } from "../confirm.js";
import type { Core } from "../core.js";
import { ExitCode } from "../exit-code.js";
import { describeFailure, errorCode, isAbort, UsageError } from "../failure.js";
import { fileSize } from "../model-text.js";
import { structuredItem } from "../output/result.js";
import { harmless } from "../printer.js";
import type { Printer } from "../printer.js";
import { percent, progressLine, retryText } from "../pull-text.js";
import type { CommandContext } from "./context.js";

export interface PullSettings extends Omit<PullFlags, "json"> {
  modelsDir: string | undefined;
  /** Of the KV cache that models are loaded with. */
  kvCacheType: KvType | undefined;
  format: OutputFormat;
}

/** A log of a program that nobody watches gets a line about the progress so often. */
const logEveryMs = 30_000;

export async function pullCommand(settings: PullSettings, context: CommandContext): Promise<ExitCode> {
  const core = await context.loadCore();
  const names = await wantedNames(settings, core, context);
  if (names === undefined) return ExitCode.failure;
  for (const name of names) {
    const code = await pullOne(name, settings, core, context);
    if (code !== ExitCode.ok) return code;
  }
  return ExitCode.ok;
}

/** The model that was named; with --frozen and without a name, all that izwi.lock pins. */
async function wantedNames(
  { model, frozen }: PullSettings,
  core: Core,
  { printer }: CommandContext,
): Promise<string[] | undefined> {
  if (model !== undefined) return [model];
  if (!frozen) throw new UsageError("Which model? 'izwi list' shows those that can be pulled by name.");
  const path = resolve(core.LOCK_FILE);
  try {
    const names = [...(await core.readLockFile(path)).keys()];
    if (names.length > 0) return names;
    printer.fail({ message: `${path} pins no model.`, hint: "Pull one with --lock, and commit the file." });
  } catch (error) {
    printer.fail(describeFailure(error, "pull"));
  }
  return undefined;
}

async function pullOne(name: string, settings: PullSettings, core: Core, context: CommandContext): Promise<ExitCode> {
  const { printer, stop } = context;
  if (!(await wantedThoughLarge(name, settings, core, context))) return stopCode(context);
  const view = new PullView(name, settings.format, printer);
  const lockFile = resolve(core.LOCK_FILE);
  const noted = settings.frozen || settings.lock || existsSync(lockFile);
  try {
    const pulled = await core.pullModel(name, {
      modelsDir: settings.modelsDir,
      force: settings.force,
      reuse: settings.reuse,
      frozen: settings.frozen,
      ...(noted && { lockFile }),
      // A program that reads the progress and leaves wants no more of it.
      signal: forPrograms(settings.format) ? AbortSignal.any([stop.signal, printer.readerGone]) : stop.signal,
      env: context.env,
      onProgress: (event) => view.show(event),
    });
    view.end();
    report(name, pulled, settings.format, printer);
    return ExitCode.ok;
  } catch (error) {
    view.end();
    const { message } = error as Error;
    const failure = { type: "error", model: name, code: errorCode(error) ?? null, message };
    printer.data(structuredItem(settings.format, failure) ?? "");
    if (isAbort(error) && stop.signal.aborted) {
      printer.talk(`Stopped${view.howFar}. To go on: izwi pull ${quoted(harmless(name))}`);
      return stop.exitCode;
    }
    if (isAbort(error)) return ExitCode.ok;
    printer.fail(describeFailure(error, "pull"));
    if (view.hasBegun && kept.includes(errorCode(error) ?? "")) {
      printer.notice(`What has come so far is kept. To go on: izwi pull ${quoted(harmless(name))}`);
    }
    return ExitCode.failure;
  }
}

/** After these, the next pull goes on where this one was. */
const kept = ["DOWNLOAD_FAILED", "DISK_FULL"];

/** A model that doesn't fit into the memory is downloaded only by somebody who knows. */
async function wantedThoughLarge(
  name: string,
  { yes, frozen, format, kvCacheType }: PullSettings,
  core: Core,
  context: CommandContext,
): Promise<boolean> {
  const entry = core.findInCatalog(name);
  if (entry === undefined || frozen) return true;
  const needed = core.memoryNeeds(entry, undefined, kvCacheType).totalBytes;
  if (core.fitsInMemory(needed)) return true;
  const warning = `${entry.id} needs ${fileSize(needed)} of memory, and there are ${fileSize(core.usableMemory())} here.`;
  context.printer.notice(warning);
  if (yes || forPrograms(format) || !canAsk(context)) return true;
  return confirm(`Download ${fileSize(entry.bytes)} all the same?`, context);
}

function stopCode({ stop }: CommandContext): ExitCode {
  return stop.signal.aborted ? stop.exitCode : ExitCode.failure;
}

function report(name: string, pulled: PulledModel, format: OutputFormat, printer: Printer): void {
  const { id, path, bytes, origin, linked } = pulled;
  const done = structuredItem(format, { type: "done", model: name, ...pulled });
  if (done !== undefined) return printer.data(done);
  if (format === "plain") printer.data(`${path}\n`);
  const what = harmless(id);
  const how = {
    installed: `${what} is there already (${fileSize(bytes)}).`,
    downloaded: `${what} is downloaded and checked (${fileSize(bytes)}).`,
    linked: `${what} is there: ${linked?.store ?? ""} had it (${fileSize(bytes)}, ${linked?.how ?? ""}).`,
  };
  printer.talk(`${how[origin]} Chat with it: izwi chat -m ${quoted(what)}`);
}

const forPrograms = (format: OutputFormat): boolean => format === "json" || format === "yaml";

/** For a shell. */
const quoted = (name: string): string => (/^[\w./:@-]+$/.test(name) ? name : `'${name}'`);

/** The progress: a line that changes on a terminal, few lines elsewhere, or JSON. */
class PullView {
  readonly #name: string;
  readonly #format: OutputFormat;
  readonly #printer: Printer;
  #progress: ReturnType<Printer["progress"]> | undefined;
  #last: Extract<PullProgress, { type: "download" }> | undefined;
  #waiting = false;
  #loggedAt: number | undefined;

  constructor(name: string, format: OutputFormat, printer: Printer) {
    this.#name = harmless(name);
    this.#format = format;
    this.#printer = printer;
  }

  /** Something has been downloaded, now or earlier. */
  get hasBegun(): boolean {
    return (this.#last?.bytes ?? 0) > 0;
  }

  /** Such as " at 45 %", once something has been downloaded. */
  get howFar(): string {
    const { bytes, totalBytes } = this.#last ?? {};
    return bytes === undefined || totalBytes === undefined ? "" : ` at ${percent(bytes, totalBytes)}`;
  }

  show(event: PullProgress): void {
    if (event.type === "download") this.#last = event;
    const item = structuredItem(this.#format, { ...event, model: this.#name });
    if (item !== undefined) this.#printer.data(item);
    else if (this.#printer.drawsProgress) this.#draw(event);
    else this.#log(event);
  }

  end(): void {
    this.#progress?.done();
    this.#progress = undefined;
  }

  #draw(event: PullProgress): void {
    const line = `${this.#name}  ${progressLine(event, this.#printer.columns - this.#name.length - 6)}`;
    this.#progress ??= this.#printer.progress(line);
    this.#progress.update(line);
  }

  #log(event: PullProgress): void {
    if (event.type === "retry") this.#printer.talk(`${this.#name}: ${retryText(event)}`);
    if (event.type === "wait" && !this.#waiting) {
      this.#waiting = true;
      this.#printer.talk(`${this.#name}: ${progressLine(event, 200)}`);
    }
    if (event.type !== "download") return;
    const now = performance.now();
    if (this.#loggedAt === undefined) {
      const size = event.totalBytes === undefined ? "" : ` (${fileSize(event.totalBytes)})`;
      const rest = event.resumedBytes > 0 ? `, going on at ${fileSize(event.resumedBytes)}` : "";
      this.#printer.talk(`Downloading ${this.#name}${size}${rest}…`);
      this.#loggedAt = now;
    } else if (now - this.#loggedAt >= logEveryMs) {
      // No bar in a log.
      this.#printer.talk(`${this.#name}: ${progressLine(event, 0)}`);
      this.#loggedAt = now;
    }
  }
}
