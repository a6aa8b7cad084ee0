/** `izwi completions`, and `izwi __complete`, which the shells' scripts call at each Tab. */
import { programDefinition } from "../args.js";
import { complete } from "../completion/complete.js";
import type { Completions, ValueKind } from "../completion/complete.js";
import { scripts } from "../completion/scripts.js";
import type { Shell } from "../completion/scripts.js";
import { configKeys } from "../config-keys.js";
import { ExitCode } from "../exit-code.js";
import type { CommandContext } from "./context.js";

export function completionsCommand(shell: Shell, { printer }: CommandContext): ExitCode {
  printer.data(scripts[shell]);
  return ExitCode.ok;
}

/** @param words as typed, the one at the cursor last; `--new-word` before them stands for an empty one at the end */
export async function completeCommand(words: readonly string[], context: CommandContext): Promise<ExitCode> {
  const newWord = words[0] === "--new-word";
  const found = complete(programDefinition(), newWord ? [...words.slice(1), ""] : words);
  const { look, prefix, current } = found;
  const values = [...found.candidates, ...(await lookUp(look, context))]
    .filter(({ value }) => value.startsWith(current))
    .map(({ value, description }) => `${prefix}${value}${description ? `\t${description}` : ""}`);
  context.printer.data([shellsOwn(look), ...values].map((line) => `${line}\n`).join(""));
  return ExitCode.ok;
}

/** A model may be given as a file, too. */
function shellsOwn(look: ValueKind | undefined): "files" | "folders" | "none" {
  if (look === "folders") return look;
  return look === "files" || look === "models" ? "files" : "none";
}

/** Whatever goes wrong here, a shell shows nothing rather than a mistake. */
async function lookUp(look: ValueKind | undefined, { loadCore }: CommandContext): Promise<Completions["candidates"]> {
  if (look === "settings") return configKeys.map(({ key }) => ({ value: key }));
  if (look !== "models" && look !== "pullable-models") return [];
  try {
    const core = await loadCore();
    if (look === "pullable-models") return core.CATALOG.map(({ id }) => ({ value: id }));
    return [...(await core.listModels()).map(({ id }) => ({ value: id })), { value: core.BUILTIN_MODEL }];
  } catch {
    return [];
  }
}
