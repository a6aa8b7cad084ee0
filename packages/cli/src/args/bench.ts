/** `izwi bench` as typed: a model's own speed, or how answers come. */
import { Option } from "commander";
import type { Command } from "commander";
import type { NumberRange } from "../number-options.js";
import { parseNumber } from "../number-options.js";
import { addModelOptions, modelFlags } from "./measure.js";
import type { ModelFlags } from "./measure.js";
import { commonFlags, nonEmpty, numberParser, valueParser } from "./options.js";

/** A model's speed, without chats around it. */
export interface SpeedFlags {
  /** Lengths of prompts. */
  prefill: number[];
  /** How many tokens are in the KV cache when decoding begins. */
  depth: number[];
  /** How many sequences decode together. */
  batch: number[];
  /** How many tokens each of them decodes. */
  tokens: number;
  repetitions: number;
}

/** Answers to chats, as those who ask see them. */
export interface AnswerFlags {
  /** How many are begun; undefined: as many as fit into `duration`. */
  requests?: number;
  /** Seconds after which none is begun any more. */
  duration?: number;
  prompt: string;
  system?: string;
  /** A model's name or file. */
  draftModel?: string;
  maxTokens: number;
  clients: number;
  warmup: boolean;
  /** The share of answers that are left in the middle, 0 to 1. */
  aborts: number;
}

export type BenchFlags = ModelFlags & (({ what: "speed" } & SpeedFlags) | ({ what: "answers" } & AnswerFlags));

const afterBench = `
Without 'chat', --server or an option of answers, a model's own speed in this process: reading prompts, decoding with an
empty and a full KV cache, and decoding several sequences together, without guessed tokens. What is read from memory for
it is compared with what the machine's memory can give.

With 'chat', or --server for a running server (izwi's, or another that has OpenAI's API): how answers come, as those
who ask see it. Each client asks again as soon as it is answered. Every prompt begins differently, so that it is read anew
and not taken from the cache.

Examples:
  izwi bench qwen3-4b
  izwi bench qwen3-4b --depth 0,4096,16384 --batch none --json
  izwi bench chat -m qwen3-4b -i 5
  izwi bench --server http://localhost:8080 --clients 16 --duration 60 --aborts 10`;

const count = (max: number): NumberRange => ({ integer: true, min: 1, max });
const manyTokens = count(2 ** 24);
const answerOptions = [
  "iterations",
  "requests",
  "duration",
  "prompt",
  "system",
  "maxTokens",
  "clients",
  "warmup",
  "aborts",
  "draftModel",
];
const speedOptions = ["prefill", "depth", "batch", "tokens", "repetitions"];

export function addBench(program: Command, done: (flags: BenchFlags, command: Command) => void): void {
  const bench = program
    .command("bench")
    .alias("benchmark")
    .description("measure a model's speed, or how fast answers come")
    .argument("[model]", "the model that is measured; 'chat': answers of --model")
    .addOption(list("--prefill <tokens>", "speed: lengths of prompts, 'none' for none", manyTokens, [128, 512]))
    .addOption(list("--depth <tokens>", "speed: tokens in the KV cache before", { ...manyTokens, min: 0 }, [0, 2048]))
    .addOption(list("--batch <sequences>", "speed: how many are decoded together", count(256), [4, 8]))
    .option("--tokens <number>", "speed: how many tokens each decodes", numberParser("--tokens", manyTokens), 64)
    .option("-r, --repetitions <number>", "speed: how often each is measured", number("--repetitions", 1000), 3)
    .option("-i, --iterations <number>", "answers: how many (default: 10)", number("--iterations", 10_000_000))
    .option("--requests <number>", "answers: the same as --iterations", number("--requests", 10_000_000))
    .option("--duration <seconds>", "answers: for so long instead", numberParser("--duration", seconds))
    .option("-p, --prompt <text>", "answers: what is asked", nonEmpty("--prompt"), "Tell a story about a lighthouse.")
    .option("-s, --system <text>", "answers: system prompt", nonEmpty("--system"))
    .option("--max-tokens <number>", "answers: the longest", numberParser("--max-tokens", manyTokens), 128)
    .option("-c, --clients <number>", "answers: how many at the same time", number("--clients", 10_000), 1)
    .option("--warmup", "answers: one before, which doesn't count")
    .option(
      "--aborts <percent>",
      "answers: how many of 100 are left in the middle",
      numberParser("--aborts", percent),
      0,
    )
    .option("--draft-model <name>", "answers: a small model that guesses ahead", nonEmpty("--draft-model"))
    .addHelpText("after", afterBench);
  addModelOptions(bench);
  bench.action((model: string | undefined) => done(benchFlags(bench, model), bench));
}

const seconds: NumberRange = { integer: false, min: 0, max: 1e6, aboveMin: true };
const percent: NumberRange = { integer: false, min: 0, max: 100 };

function number(name: string, max: number) {
  return numberParser(name, count(max));
}

/** Several numbers, "128,512"; none of them is "none". */
function list(flags: string, description: string, range: NumberRange, usual: number[]): Option {
  const parse = (name: string, text: string) =>
    text.trim() === "none" ? [] : [...new Set(text.split(",").map((part) => parseNumber(name, part, range)))];
  const option = new Option(flags, description).default(usual, usual.join(","));
  return option.argParser(valueParser(flags.split(" ")[0]!, parse));
}

function benchFlags(bench: Command, operand: string | undefined): BenchFlags {
  const opts = bench.opts();
  const typed = (names: readonly string[]) => names.filter((name) => bench.getOptionValueSource(name) === "cli");
  const option = (name: string) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const [aboutAnswers] = typed(answerOptions);
  const [aboutSpeed] = typed(speedOptions);
  const hasServer = commonFlags(bench).server !== undefined;
  const answers = operand === "chat" || hasServer || aboutAnswers !== undefined;
  if (answers && aboutSpeed !== undefined) {
    const other = hasServer ? "--server" : operand === "chat" ? "'chat'" : option(aboutAnswers!);
    bench.error(`error: ${option(aboutSpeed)} is about a model's speed, and ${other} about answers: give one of them.`);
  }
  if (hasServer && opts["draftModel"] !== undefined) {
    bench.error("error: --draft-model is for a model in this process: start the --server with it.");
  }
  const named = operand === "chat" ? undefined : operand;
  const model = modelFlags(opts);
  if (named !== undefined && model.model !== undefined && model.model !== named) {
    bench.error(`error: two models are named, '${named}' and '${model.model}'.`);
  }
  const asked = { ...model, ...(named !== undefined && { model: named }) };
  return answers
    ? { ...asked, what: "answers", ...answerFlags(bench) }
    : { ...asked, what: "speed", ...speedFlags(opts) };
}

function speedFlags({ prefill, depth, batch, tokens, repetitions }: ReturnType<Command["opts"]>): SpeedFlags {
  return { prefill, depth, batch, tokens, repetitions } as SpeedFlags;
}

function answerFlags(bench: Command): AnswerFlags {
  const { iterations, requests, duration, prompt, system, maxTokens, clients, warmup = false, aborts } = bench.opts();
  const { draftModel } = bench.opts();
  const wanted = (requests ?? iterations) as number | undefined;
  if (requests !== undefined && iterations !== undefined && requests !== iterations) {
    bench.error("error: --requests and --iterations mean the same: give one of them.");
  }
  const asked = { prompt, maxTokens, clients, warmup, aborts: aborts / 100 } as AnswerFlags;
  if (system !== undefined) asked.system = String(system);
  if (draftModel !== undefined) asked.draftModel = String(draftModel);
  if (duration !== undefined) asked.duration = Number(duration);
  if (wanted !== undefined || duration === undefined) asked.requests = wanted ?? 10;
  return asked;
}
