/** `izwi list`: the models on this machine, the built-in one included. */
import { stat } from "node:fs/promises";
import { ExitCode } from "../exit-code.js";
import { fileSize } from "../model-text.js";
import { harmless } from "../printer.js";
import type { OutputFormat } from "../args/options.js";
import type { CommandContext } from "./context.js";

interface ListedModel {
  id: string;
  path: string;
  bytes: number;
  builtin: boolean;
}

export async function listCommand(
  options: { modelsDir: string | undefined; format: OutputFormat },
  context: CommandContext,
): Promise<ExitCode> {
  const { printer } = context;
  const core = await context.loadCore();
  const installed = await core.listModels({ modelsDir: options.modelsDir });
  const models: ListedModel[] = installed.map(({ id, path, bytes }) => ({ id, path, bytes, builtin: false }));
  const path = core.builtinModelPath();
  const file = await stat(path).catch(() => undefined);
  if (file !== undefined) models.push({ id: core.BUILTIN_MODEL, path, bytes: file.size, builtin: true });

  if (options.format === "json") printer.data(`${JSON.stringify(models, null, 2)}\n`);
  else if (options.format === "plain") printer.data(models.map(({ id }) => `${id}\n`).join(""));
  else printer.data(table(models));
  if (installed.length === 0) {
    printer.talk(`No model is installed in ${core.modelsDirectory(options.modelsDir)}; put .gguf files there.`);
  }
  return ExitCode.ok;
}

function table(models: ListedModel[]): string {
  const rows = models.map(({ id, bytes, builtin, path }) => [
    harmless(id),
    fileSize(bytes),
    builtin ? "built-in" : harmless(path),
  ]);
  const all = [["NAME", "SIZE", "FILE"], ...rows];
  const widths = [0, 1].map((column) => Math.max(...all.map((row) => row[column]!.length)));
  return all
    .map(([name, size, where]) => `${name!.padEnd(widths[0]!)}  ${size!.padStart(widths[1]!)}  ${where}\n`)
    .join("");
}
