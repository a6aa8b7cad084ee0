/** `izwi list`: the models on this machine, the built-in one included, and those that can be pulled by name. */
import type { KvType, OutputFormat } from "../args/options.js";
import { ExitCode } from "../exit-code.js";
import { listing } from "../model-listing.js";
import type { ListedModel } from "../model-listing.js";
import { printResult } from "../output/result.js";
import { fileSize } from "../model-text.js";
import { harmless } from "../printer.js";
import { percent } from "../pull-text.js";
import type { CommandContext } from "./context.js";

export async function listCommand(
  options: {
    local: boolean;
    detailed: boolean;
    modelsDir: string | undefined;
    kvCacheType: KvType | undefined;
    format: OutputFormat;
  },
  context: CommandContext,
): Promise<ExitCode> {
  const { printer } = context;
  const core = await context.loadCore();
  const models = await listing(core, options);
  printResult(printer, options.format, {
    value: models,
    table: () => table(models, options.detailed),
    plain: () => models.map(({ id }) => `${id}\n`).join(""),
  });
  if (models.every(({ builtin, status }) => builtin || status !== "downloaded")) {
    const folder = core.modelsDirectory(options.modelsDir);
    printer.talk(`No model is installed in ${folder}. Get one with: izwi pull NAME`);
  }
  return ExitCode.ok;
}

/** Columns of words to the left, of numbers to the right. */
function table(models: ListedModel[], detailed: boolean): string {
  const header = ["NAME", "SIZE", "STATUS", "MEMORY", ...(detailed ? ["LICENCE", "FILE"] : [])];
  const rows = [header, ...models.map((model) => row(model, detailed))];
  const widths = header.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const cell = (text: string, column: number) =>
    column === 1 ? text.padStart(widths[column]!) : text.padEnd(widths[column]!);
  return rows.map((row) => `${row.map(cell).join("  ").trimEnd()}\n`).join("");
}

function row(model: ListedModel, detailed: boolean): string[] {
  const { id, bytes, license, path, repository, file } = model;
  const facts = [harmless(id), fileSize(bytes), status(model), memory(model)];
  if (!detailed) return facts;
  const remote = repository === undefined ? "" : `${repository}/${file ?? ""}`;
  return [...facts, license ?? "", harmless(model.status === "downloaded" ? (path ?? "") : remote)];
}

function status({ builtin, status, downloadedBytes, bytes }: ListedModel): string {
  if (builtin) return "built-in";
  switch (status) {
    case "downloaded":
      return "installed";
    case "downloading":
      return `${percent(downloadedBytes ?? 0, bytes)} there`;
    case "not_downloaded":
      return "can be pulled";
  }
}

/** For a usual conversation; `izwi show` has the numbers. */
function memory({ memoryBytes, fitsInMemory }: ListedModel): string {
  if (memoryBytes === undefined) return "";
  return `${fileSize(memoryBytes)}, ${fitsInMemory ? "fits" : "too large"}`;
}
