/** `izwi tokenize` and `izwi perplexity` as typed. */
import { Option } from "commander";
import type { Command } from "commander";
import { contextLengthRange, threadsRange } from "../number-options.js";
import { addCommonOptions, backends, kvTypeOption, nonEmpty, numberParser } from "./options.js";
import type { Backend, KvType } from "./options.js";

export interface ModelFlags {
  model?: string;
  backend?: Backend;
  threads?: number;
  kvType?: KvType;
  json: boolean;
}

export interface TokenizeFlags extends ModelFlags {
  /** Without it: standard input. */
  text?: string;
  special: boolean;
  count: boolean;
}

export const windowings = ["sliding", "chunks"] as const;
export type Windowing = (typeof windowings)[number];

export interface PerplexityFlags extends ModelFlags {
  file: string;
  method: Windowing;
  window: number;
  stride?: number;
}

const afterPerplexity = `
sliding: windows of --window tokens, each --stride tokens further; a token counts once, in the first window it is in, so
that it sees at least window - stride tokens before it (but for the text's beginning). As in transformers' guide.
chunks: windows that don't overlap, of which the second half counts. As llama.cpp's llama-perplexity has it.`;

const count = (name: string, max: number) => numberParser(name, { integer: true, min: 1, max });

export function addModelOptions(command: Command): Command {
  addCommonOptions(command, "-v, --verbose");
  return command
    .option("-m, --model <name>", "a model's name or a .gguf file", nonEmpty("--model"))
    .addOption(new Option("--backend <name>", "what computes").choices(backends))
    .option("--threads <number>", "CPU threads", numberParser("--threads", threadsRange))
    .addOption(kvTypeOption())
    .option("--json", "the same as --output-format json");
}

type Opts = ReturnType<Command["opts"]>;
export const modelFlags = ({ model, backend, threads, kvType, json = false }: Opts): ModelFlags => ({
  ...(model !== undefined && { model: String(model) }),
  ...(backend !== undefined && { backend: backend as Backend }),
  ...(threads !== undefined && { threads: Number(threads) }),
  ...(kvType !== undefined && { kvType: kvType as KvType }),
  json: Boolean(json),
});

export function addTokenize(program: Command, done: (flags: TokenizeFlags, command: Command) => void): void {
  const tokenize = program
    .command("tokenize")
    .description("show the tokens of a text, or of standard input")
    .argument("[text]", "the text")
    .option("--special", "read special tokens such as <|im_end|> as what they are, not as text")
    .option("--count", "only how many there are");
  addModelOptions(tokenize).action((text: string | undefined) => {
    const { special = false, count = false } = tokenize.opts();
    done({ ...modelFlags(tokenize.opts()), ...(text !== undefined && { text }), special, count }, tokenize);
  });
}

export function addPerplexity(program: Command, done: (flags: PerplexityFlags, command: Command) => void): void {
  const perplexity = program
    .command("perplexity")
    .description("measure how well a model foretells a text")
    .argument("<file>", "the text, - for standard input", nonEmpty("FILE"))
    .addOption(new Option("--method <name>", "how the text is cut").choices(windowings).default("sliding"))
    .option(
      "--window <tokens>",
      "tokens seen at once",
      numberParser("--window", { ...contextLengthRange, min: 2 }),
      512,
    )
    .option("--stride <tokens>", "sliding: how far each window goes (default: half)", count("--stride", 2 ** 24))
    .addHelpText("after", afterPerplexity);
  addModelOptions(perplexity).action((file: string) => {
    const { method, window, stride } = perplexity.opts();
    const given = { file, method, window, ...(stride !== undefined && { stride }) } as Omit<PerplexityFlags, "json">;
    done({ ...modelFlags(perplexity.opts()), ...given }, perplexity);
  });
}
