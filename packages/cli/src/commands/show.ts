/** `izwi show` and `izwi models info`: all about one model, installed or not. */
import { stat } from "node:fs/promises";
import type { ModelInfo } from "@izwi/core";
import type { KvType, OutputFormat } from "../args/options.js";
import type { Core } from "../core.js";
import { ExitCode } from "../exit-code.js";
import { describeFailure, errorCode } from "../failure.js";
import { catalogModel, listing } from "../model-listing.js";
import type { ListedModel } from "../model-listing.js";
import { fileSize, parameters } from "../model-text.js";
import { printResult } from "../output/result.js";
import { harmless } from "../printer.js";
import type { CommandContext } from "./context.js";

export interface ShowSettings {
  model: string;
  verify: boolean;
  modelsDir: string | undefined;
  kvCacheType: KvType | undefined;
  format: OutputFormat;
}

export async function showCommand(settings: ShowSettings, context: CommandContext): Promise<ExitCode> {
  const { printer } = context;
  const { model: name, format } = settings;
  const core = await context.loadCore();
  try {
    const model = await find(name, core, settings);
    const info = model.status === "downloaded" ? await inspect(name, core, settings, context) : {};
    const verified = settings.verify ? await verify(name, core, settings, context) : {};
    const facts = { ...model, ...info, ...verified };
    printResult(printer, format, { value: facts, table: () => inLines(facts) });
    return ExitCode.ok;
  } catch (error) {
    if (context.stop.signal.aborted) return context.stop.exitCode;
    printer.fail(describeFailure(error, "pull"));
    return ExitCode.failure;
  }
}

/** The installed model of that name or path, else the catalogue's. */
async function find(name: string, core: Core, { modelsDir, kvCacheType }: ShowSettings): Promise<ListedModel> {
  const all = await listing(core, { modelsDir, kvCacheType, local: false });
  try {
    const { path, id, builtin } = await core.resolveModel(name, { modelsDir });
    const listed = all.find((model) => model.path === path);
    return listed ?? { id, status: "downloaded", builtin, bytes: (await stat(path)).size, path };
  } catch (error) {
    const entry = core.findInCatalog(name);
    if (errorCode(error) !== "MODEL_NOT_FOUND" || entry === undefined) throw error;
    return all.find(({ id }) => id === entry.id) ?? catalogModel(core, entry, kvCacheType);
  }
}

type Inspected = Partial<
  Pick<ModelInfo, "name" | "architecture" | "quantization" | "parameterCount" | "trainedContextLength">
>;

/** What the file says of itself. A file that can't be used is told about all the same. */
async function inspect(
  name: string,
  core: Core,
  { modelsDir }: ShowSettings,
  { printer, stop }: CommandContext,
): Promise<Inspected> {
  const progress = printer.progress(`Reading ${harmless(name)}…`, 300);
  try {
    // A short context, because its memory is of no use here.
    const options = { contextLength: 64, signal: stop.signal, ...(modelsDir !== undefined && { modelsDir }) };
    const model = await core.loadModel(name, options);
    await model.close();
    const { name: title, architecture, quantization, parameterCount, trainedContextLength } = model.info;
    return { name: title, architecture, quantization, parameterCount, trainedContextLength };
  } catch (error) {
    progress.done();
    if (stop.signal.aborted) throw error;
    printer.notice(`It can't be loaded: ${harmless((error as Error).message)}`);
    return {};
  } finally {
    progress.done();
  }
}

async function verify(
  name: string,
  core: Core,
  { modelsDir }: ShowSettings,
  { printer, stop }: CommandContext,
): Promise<{ sha256: string; verified: string }> {
  const progress = printer.progress("Checking the file…");
  try {
    const { sha256, knownFrom } = await core.verifyModel(name, { modelsDir, signal: stop.signal });
    const verified = knownFrom === undefined ? "nothing to compare with" : `as ${knownFrom} says`;
    return { sha256, verified };
  } finally {
    progress.done();
  }
}

function inLines(facts: ListedModel & Inspected & { verified?: string }): string {
  const { status, builtin, bytes, downloadedBytes, memoryBytes, fitsInMemory } = facts;
  const words = {
    downloaded: "installed",
    downloading: "partly downloaded",
    not_downloaded: "not installed: izwi pull",
  };
  const lines: [string, string | undefined][] = [
    ["id", facts.id],
    ["name", facts.name],
    ["status", builtin ? "built-in" : status === "not_downloaded" ? `${words[status]} ${facts.id}` : words[status]],
    ["file", facts.path ?? facts.file],
    ["size", downloadedBytes === undefined ? fileSize(bytes) : `${fileSize(downloadedBytes)} of ${fileSize(bytes)}`],
    [
      "memory",
      memoryBytes &&
        `${fileSize(memoryBytes)} for 4096 tokens, ${fitsInMemory ? "fits" : "too large for this machine"}`,
    ],
    ["architecture", facts.architecture],
    ["parameters", facts.parameterCount && parameters(facts.parameterCount)],
    ["quantization", facts.quantization],
    ["context", facts.trainedContextLength && `${facts.trainedContextLength} tokens`],
    ["repository", facts.repository],
    ["revision", facts.revision],
    ["licence", facts.license],
    ["sha256", facts.sha256],
    ["checked", facts.verified],
  ].map(
    ([name, value]) =>
      [name, value === undefined || value === 0 ? undefined : String(value)] as [string, string | undefined],
  );
  return lines.map(([name, value]) => (value ? `${name.padEnd(12)}  ${harmless(value)}\n` : "")).join("");
}
