/** What several commands' options are made of. */
import { Command, InvalidArgumentError, Option } from "commander";
import { UsageError } from "../failure.js";
import { parseNumber } from "../number-options.js";
import type { NumberRange } from "../number-options.js";

export interface CommonFlags {
  modelsDir?: string;
  /** The configuration file to read instead of the usual one. */
  config?: string;
  outputFormat?: OutputFormat;
  /** The running server that a command asks. */
  server?: string;
  quiet: boolean;
  verbose: boolean;
  /** false = --no-color */
  color: boolean;
}

export const outputFormats = ["table", "plain", "json", "yaml"] as const;
export type OutputFormat = (typeof outputFormats)[number];

export const backends = ["auto", "cpu", "candle", "metal", "cuda"] as const;
export type Backend = (typeof backends)[number];

export const speculations = ["auto", "off"] as const;
export type Speculation = (typeof speculations)[number];

/** What the engine's KV cache can hold. */
export const kvTypes = ["f16", "q8_0"] as const;
export type KvType = (typeof kvTypes)[number];

export const kvTypeOption = () =>
  new Option("--kv-type <type>", "numbers of the KV cache: q8_0 takes half the memory (default: f16)").choices(kvTypes);

/** Global options may stand before or after the command's name; `chat` has its own -v (--voice). */
export function addCommonOptions(command: Command, verboseFlags: string): void {
  command
    .option("--models-dir <folder>", "where models are looked for")
    .option("--config <file>", "the configuration file to read", nonEmpty("--config"))
    .addOption(new Option("--output-format <format>", "how results are printed").choices(outputFormats))
    .option("--server <url>", "the running server to ask (default: http://localhost:8080)", nonEmpty("--server"))
    .option("--no-color", "no colours")
    .option("-q, --quiet", "only results, warnings and errors")
    .option(verboseFlags, "more about what happens");
}

export function commonFlags(command: Command): CommonFlags {
  const levels: Record<string, unknown>[] = [];
  for (let level: Command | null = command; level !== null; level = level.parent) levels.push(level.opts());
  // The nearest to the command's own name counts.
  const given = <T>(name: string) =>
    levels.map((opts) => opts[name]).find((value) => value !== undefined) as T | undefined;
  const modelsDir = given<string>("modelsDir");
  const config = given<string>("config");
  const outputFormat = given<OutputFormat>("outputFormat");
  const server = given<string>("server");
  return {
    ...(modelsDir !== undefined && { modelsDir }),
    ...(config !== undefined && { config }),
    ...(outputFormat !== undefined && { outputFormat }),
    ...(server !== undefined && { server }),
    quiet: given("quiet") === true,
    verbose: given("verbose") === true,
    color: levels.every((opts) => opts["color"] !== false),
  };
}

export function numberParser(name: string, range: NumberRange): (text: string) => number {
  return valueParser(name, (name, text) => parseNumber(name, text, range));
}

/** A parser of values as commander wants it: for it, a mistake is an error of its own. */
export function valueParser<T>(name: string, parse: (name: string, text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(name, text);
    } catch (error) {
      throw error instanceof UsageError ? new InvalidArgumentError(error.message) : error;
    }
  };
}

export function nonEmpty(name: string): (text: string) => string {
  return (text) => {
    if (text.trim() === "") throw new InvalidArgumentError(`${name} must not be empty.`);
    return text;
  };
}

/** For options that may be given several times. */
export function collector(name: string): (text: string, previous?: string[]) => string[] {
  return (text, previous = []) => {
    if (text === "") throw new InvalidArgumentError(`${name} must not be empty.`);
    return [...previous, text];
  };
}
