/** `izwi rm`: deletes models. */
import type { OutputFormat } from "../args/options.js";
import { canAsk, confirm } from "../confirm.js";
import { ExitCode } from "../exit-code.js";
import { describeFailure, UsageError } from "../failure.js";
import { fileSize } from "../model-text.js";
import { structuredItem } from "../output/result.js";
import { harmless } from "../printer.js";
import type { CommandContext } from "./context.js";

export async function rmCommand(
  options: { models: string[]; yes: boolean; modelsDir: string | undefined; format: OutputFormat },
  context: CommandContext,
): Promise<ExitCode> {
  const { printer, stop } = context;
  const { models, yes, modelsDir, format } = options;
  if (!yes) {
    if (!canAsk(context)) throw new UsageError("Nobody is there to be asked: give --yes to delete.");
    const sure = await confirm(`Delete ${models.map(harmless).join(", ")}?`, context);
    if (!sure) return stop.signal.aborted ? stop.exitCode : ExitCode.failure;
  }
  const core = await context.loadCore();
  let code: ExitCode = ExitCode.ok;
  for (const name of models) {
    try {
      const removed = await core.removeModel(name, { modelsDir });
      printer.data(structuredItem(format, removed) ?? (format === "plain" ? `${removed.id}\n` : ""));
      const freed =
        removed.freedBytes > 0 ? `${fileSize(removed.freedBytes)} are free.` : "Another program still has the file.";
      printer.talk(`${harmless(removed.id)} is deleted. ${freed}`);
    } catch (error) {
      printer.fail(describeFailure(error, "pull"));
      code = ExitCode.failure;
    }
  }
  return code;
}
