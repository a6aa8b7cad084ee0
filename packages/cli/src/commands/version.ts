/** `izwi version`: the version; with --full also the machine and what computes, for a bug report. */
import { availableParallelism, cpus, totalmem } from "node:os";
import type { OutputFormat } from "../args/options.js";
import { ExitCode } from "../exit-code.js";
import { computes, fileSize } from "../model-text.js";
import { printResult } from "../output/result.js";
import { packageVersion } from "../package-info.js";
import type { CommandContext } from "./context.js";

export async function versionCommand(
  options: { full: boolean; modelsDir: string | undefined; format: OutputFormat },
  context: CommandContext,
): Promise<ExitCode> {
  const facts: Record<string, string> = { izwi: packageVersion() };
  if (options.full) Object.assign(facts, await machine(options.modelsDir, context));
  const lines = () => Object.entries(facts).map(([name, value]) => `${name} ${value}\n`);
  printResult(context.printer, options.format, { value: facts, table: () => lines().join("") });
  return ExitCode.ok;
}

async function machine(modelsDir: string | undefined, context: CommandContext): Promise<Record<string, string>> {
  return {
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    cpu: `${cpus()[0]?.model.trim() ?? "unknown"}, ${availableParallelism()} logical cores`,
    memory: fileSize(totalmem()),
    ...(await engine(modelsDir, context)),
  };
}

/** What computes is known once a model is loaded; the built-in one is small enough to ask. */
async function engine(modelsDir: string | undefined, context: CommandContext): Promise<Record<string, string>> {
  try {
    const core = await context.loadCore();
    const model = await core.loadModel(core.BUILTIN_MODEL);
    await model.close();
    return { engine: computes(model.info), models: core.modelsDirectory(modelsDir) };
  } catch (error) {
    return { engine: `can't be used: ${error instanceof Error ? error.message : String(error)}` };
  }
}
