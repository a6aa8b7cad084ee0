/** What the word at the cursor may become, read off the commands' definition. */
import type { Argument, Command, Option } from "commander";

/** What the shell or the caller has to look up. */
export type ValueKind = "files" | "folders" | "models" | "pullable-models" | "settings";

export interface Completions {
  candidates: { value: string; description?: string }[];
  /** Values that the definition doesn't have. */
  look?: ValueKind;
  /** Stands before each value: the `--model=` of a word that has both. */
  prefix: string;
  /** What has been typed of it. */
  current: string;
}

/** @param words what stands after the program's name, up to the cursor; the last one, maybe empty, is completed */
export function complete(program: Command, words: readonly string[]): Completions {
  const { before, current } = joined(words);
  const { command, operands, pending } = walk(program, before);
  if (pending !== undefined) return { ...valuesOf(pending), prefix: "", current };
  const assigned = /^(--[^=]+)=(.*)$/.exec(current);
  if (assigned !== null) {
    const option = findOption(command, assigned[1]!);
    const values = option?.required ? valuesOf(option) : { candidates: [] };
    return { ...values, prefix: `${assigned[1]}=`, current: assigned[2]! };
  }
  const bare = { prefix: "", current };
  if (current.startsWith("-")) return { candidates: options(command), ...bare };
  if (command.commands.length > 0) return { candidates: subcommands(command), ...bare };
  return { ...argumentValues(command, operands), ...bare };
}

/** Bash takes `--model=x` apart at the sign. */
function joined(words: readonly string[]): { before: string[]; current: string } {
  const parts = words.filter((word, index) => word !== "=" || !words[index - 1]?.startsWith("--"));
  const current = words.at(-1) === "=" && parts.length < words.length ? "" : (parts.pop() ?? "");
  return { before: parts, current };
}

/** Follows the words to the command they mean; `pending` is an option that still waits for its value. */
function walk(program: Command, words: readonly string[]): { command: Command; operands: number; pending?: Option } {
  let command = program;
  let operands = 0;
  let pending: Option | undefined;
  for (const word of words) {
    if (pending !== undefined) {
      pending = undefined;
      continue;
    }
    if (word.startsWith("-")) {
      const option = word.includes("=") ? undefined : findOption(command, word);
      if (option?.required) pending = option;
      continue;
    }
    const inner = command.commands.find((known) => known.name() === word || known.aliases().includes(word));
    if (inner !== undefined) command = inner;
    else operands++;
  }
  return { command, operands, ...(pending && { pending }) };
}

function findOption(command: Command, flag: string): Option | undefined {
  return command.options.find(({ short, long }) => flag === short || flag === long);
}

function options(command: Command): Completions["candidates"] {
  const own = command.options.flatMap(({ long, description, hidden }) =>
    long && !hidden ? [{ value: long, description }] : [],
  );
  return [...own, { value: "--help", description: "show this help" }];
}

function subcommands(command: Command): Completions["candidates"] {
  return command.commands.map((inner) => ({ value: inner.name(), description: inner.description() }));
}

function valuesOf({ argChoices, flags, long }: Option): Pick<Completions, "candidates" | "look"> {
  if (argChoices !== undefined) return { candidates: argChoices.map((value) => ({ value })) };
  if (long === "--model") return { candidates: [], look: "models" };
  const placeholder = /<([\w-]+)>/.exec(flags)?.[1];
  if (placeholder === "file") return { candidates: [], look: "files" };
  return placeholder === "folder" ? { candidates: [], look: "folders" } : { candidates: [] };
}

function argumentValues(command: Command, operands: number): Pick<Completions, "candidates" | "look"> {
  const defined = command.registeredArguments;
  const last = defined.at(-1);
  const argument: Argument | undefined = defined[operands] ?? (last?.variadic ? last : undefined);
  if (argument === undefined) return { candidates: [] };
  if (argument.argChoices !== undefined) return { candidates: argument.argChoices.map((value) => ({ value })) };
  switch (argument.name()) {
    case "model":
      return { candidates: [], look: command.name() === "pull" ? "pullable-models" : "models" };
    case "file":
      return { candidates: [], look: "files" };
    case "key":
      return { candidates: [], look: "settings" };
    default:
      return { candidates: [] };
  }
}
