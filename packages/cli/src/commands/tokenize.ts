/** `izwi tokenize`: a text's tokens. */
import { text } from "node:stream/consumers";
import type { TokenizeFlags } from "../args/measure.js";
import type { OutputFormat } from "../args/options.js";
import { loadChosen } from "../chosen-model.js";
import type { AskedModel } from "../chosen-model.js";
import { ExitCode } from "../exit-code.js";
import { columns } from "../output/columns.js";
import { printResult } from "../output/result.js";
import type { LoadSettings } from "../settings.js";
import type { CommandContext } from "./context.js";

export interface TokenizeSettings extends Pick<TokenizeFlags, "text" | "special" | "count">, AskedModel {
  load: LoadSettings;
  format: OutputFormat;
}

export async function tokenizeCommand(settings: TokenizeSettings, context: CommandContext): Promise<ExitCode> {
  const content = settings.text ?? (await text(context.stdin));
  // The conversation's memory is of no use here.
  const model = await loadChosen(settings, { ...settings.load, contextLength: 64 }, context);
  try {
    const ids = model.tokenize(content, { parseSpecial: settings.special });
    if (settings.count) {
      const value = { model: model.info.id, count: ids.length };
      printResult(context.printer, settings.format, { value, table: () => `${ids.length}\n` });
      return ExitCode.ok;
    }
    const tokens = ids.map((id) => ({ id, text: model.detokenize([id]) }));
    printResult(context.printer, settings.format, {
      value: { model: model.info.id, count: ids.length, tokens },
      table: () =>
        columns(
          ["ID", "TEXT"],
          tokens.map(({ id, text }) => [String(id), JSON.stringify(text)]),
          [0],
        ),
      plain: () => ids.map((id) => `${id}\n`).join(""),
    });
    return ExitCode.ok;
  } finally {
    await model.close();
  }
}
