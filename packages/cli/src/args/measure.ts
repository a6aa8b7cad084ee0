/** `izwi tokenize`, `izwi perplexity` and `izwi bench` as typed. */
import { Argument, Option } from "commander";
import type { Command } from "commander";
import { contextLengthRange, threadsRange } from "../number-options.js";
import { addCommonOptions, backends, nonEmpty, numberParser } from "./options.js";
import type { Backend } from "./options.js";

export interface ModelFlags {
  model?: string;
  backend?: Backend;
  threads?: number;
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

export interface BenchFlags extends ModelFlags {
  iterations: number;
  prompt: string;
  system?: string;
  maxTokens: number;
  concurrency: number;
  warmup: boolean;
}

const afterPerplexity = `
sliding: windows of --window tokens, each --stride tokens further; a token counts once, in the first window it is in, so
that it sees at least window - stride tokens before it (but for the text's beginning). As in transformers' guide.
chunks: windows that don't overlap, of which the second half counts. As llama.cpp's llama-perplexity has it.`;

const afterBench = `
Every prompt begins differently, so that it is read anew and not taken from the cache. With --server, a running server
is measured as its clients see it.

Examples:
  izwi bench -m qwen3-4b -i 5
  izwi bench --server http://localhost:8080 --clients 16 -i 100`;

const count = (name: string, max: number) => numberParser(name, { integer: true, min: 1, max });

function addModelOptions(command: Command): Command {
  addCommonOptions(command, "-v, --verbose");
  return command
    .option("-m, --model <name>", "a model's name or a .gguf file", nonEmpty("--model"))
    .addOption(new Option("--backend <name>", "what computes").choices(backends))
    .option("--threads <number>", "CPU threads", numberParser("--threads", threadsRange))
    .option("--json", "the same as --output-format json");
}

type Opts = ReturnType<Command["opts"]>;
const modelFlags = ({ model, backend, threads, json = false }: Opts): ModelFlags => ({
  ...(model !== undefined && { model: String(model) }),
  ...(backend !== undefined && { backend: backend as Backend }),
  ...(threads !== undefined && { threads: Number(threads) }),
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

export function addBench(program: Command, done: (flags: BenchFlags, command: Command) => void): void {
  const bench = program
    .command("bench")
    .alias("benchmark")
    .description("measure how fast answers come")
    .addArgument(new Argument("[what]", "what is measured").choices(["chat"]).default("chat"))
    .option("-i, --iterations <number>", "how many answers", count("--iterations", 100_000), 10)
    .option("-p, --prompt <text>", "what is asked", nonEmpty("--prompt"), "Tell a story about a lighthouse.")
    .option("-s, --system <text>", "system prompt", nonEmpty("--system"))
    .option("--max-tokens <number>", "longest answer", count("--max-tokens", 2 ** 24), 128)
    .option("-c, --clients <number>", "answers at the same time", count("--clients", 10_000), 1)
    .option("--warmup", "one answer before, which doesn't count")
    .addHelpText("after", afterBench);
  addModelOptions(bench).action(() => {
    const { iterations, prompt, system, maxTokens, clients, warmup = false } = bench.opts();
    const measured = { iterations, prompt, maxTokens, concurrency: clients, warmup } as Omit<BenchFlags, "json">;
    done({ ...modelFlags(bench.opts()), ...measured, ...(system !== undefined && { system: String(system) }) }, bench);
  });
}
