import { describe, expect, it } from "vitest";
import { parseArgs } from "./args.js";
import type { ChatFlags, Invocation } from "./args.js";

const parse = (...argv: string[]) => parseArgs(argv, "1.2.3");

function chat(...argv: string[]): ChatFlags {
  const invocation = parse("chat", ...argv);
  if (invocation.command !== "chat") throw new Error(`not a chat: ${JSON.stringify(invocation)}`);
  return invocation.flags;
}

function said(invocation: Invocation) {
  if (invocation.command !== "say") throw new Error(`understood as ${invocation.command}`);
  return invocation;
}

describe("chat's flags", () => {
  const defaults = { interactive: false, stats: false, json: false, stop: [], sampling: {} };
  const table: [string[], Partial<ChatFlags>][] = [
    [[], {}],
    [["-m", "qwen3-0.6b"], { model: "qwen3-0.6b" }],
    [["--model=a.gguf"], { model: "a.gguf" }],
    [["-s", "You are a pirate"], { system: "You are a pirate" }],
    [["-v", "default"], { voice: "default" }],
    [["--voice", "nova"], { voice: "nova" }],
    [["-p", "hi"], { prompt: "hi" }],
    [["-p", "-5 or 5?"], { prompt: "-5 or 5?" }],
    [["-i"], { interactive: true }],
    [["--think"], { think: true }],
    [["--no-think"], { think: false }],
    [["--temperature", "0"], { sampling: { temperature: 0 } }],
    [["--temperature", ".5"], { sampling: { temperature: 0.5 } }],
    [["--top-k", "20", "--top-p", "0.9", "--min-p", "0.05"], { sampling: { topK: 20, topP: 0.9, minP: 0.05 } }],
    [
      ["--repetition-penalty", "1.1", "--presence-penalty", "-1.5", "--frequency-penalty", "2"],
      { sampling: { repetitionPenalty: 1.1, presencePenalty: -1.5, frequencyPenalty: 2 } },
    ],
    [["--seed", "0", "--max-tokens", "1"], { sampling: { seed: 0, maxTokens: 1 } }],
    [["--stop", "A", "--stop", "B"], { stop: ["A", "B"] }],
    [["--stats", "--json"], { stats: true, json: true }],
    [
      ["--backend", "cpu", "--threads", "4", "--context-length", "4096", "--kv-type", "q8_0"],
      { backend: "cpu", threads: 4, contextLength: 4096, kvType: "q8_0" },
    ],
  ];
  it.each(table)("%j", (argv, expected) => {
    expect(chat(...argv)).toEqual({ ...defaults, ...expected });
  });
});

describe("global flags", () => {
  const table: [string[], object][] = [
    [["chat"], { quiet: false, verbose: false, color: true }],
    [["-v", "chat"], { quiet: false, verbose: true, color: true }],
    [["chat", "--verbose", "-q"], { quiet: true, verbose: true, color: true }],
    [["--no-color", "chat"], { quiet: false, verbose: false, color: false }],
    [["chat", "--no-color"], { quiet: false, verbose: false, color: false }],
    [["--models-dir", "/m", "list"], { quiet: false, verbose: false, color: true, modelsDir: "/m" }],
    [["--models-dir", "/m", "models", "-q", "list"], { quiet: true, verbose: false, color: true, modelsDir: "/m" }],
    [["ls", "--models-dir", "/m", "-v"], { quiet: false, verbose: true, color: true, modelsDir: "/m" }],
    [["--output-format", "json", "version"], { quiet: false, verbose: false, color: true, outputFormat: "json" }],
  ];
  it.each(table)("%j", (argv, expected) => {
    expect(parse(...argv)).toMatchObject({ common: expected });
  });
});

describe("mistakes", () => {
  const table: [string[], RegExp][] = [
    [["caht"], /unknown command 'caht'\. Did you mean 'chat'\?/],
    [["zzzzzz"], /unknown command 'zzzzzz'\. 'izwi --help'/],
    [["run", "qwen3-0.6b"], /izwi 1\.2\.3 has no 'run' command yet; chat with: izwi chat --model NAME/],
    [["constructor"], /unknown command/],
    [["chat", "--tempratur", "1"], /unknown option '--tempratur'[^]*--temperature/],
    [["chat", "--model"], /argument missing/],
    [["chat", "-m", ""], /--model must not be empty/],
    [["chat", "--temperature", "hot"], /--temperature must be a number of at least 0, not 'hot'/],
    [["chat", "--temperature", "-1"], /at least 0, not '-1'/],
    [["chat", "--temperature", ""], /not ''/],
    [["chat", "--temperature", "NaN"], /not 'NaN'/],
    [["chat", "--temperature", "Infinity"], /not 'Infinity'/],
    [["chat", "--temperature", "0x10"], /not '0x10'/],
    [["chat", "--top-k", "1.5"], /--top-k must be a whole number of at least 0/],
    [["chat", "--top-p", "0"], /--top-p must be a number above 0, up to 1/],
    [["chat", "--top-p", "1.1"], /above 0, up to 1/],
    [["chat", "--min-p", "2"], /from 0 to 1/],
    [["chat", "--repetition-penalty", "0"], /a number above 0/],
    [["chat", "--presence-penalty", "3"], /from -2 to 2/],
    [["chat", "--seed", "9007199254740993"], /--seed must be a whole number/],
    [["chat", "--max-tokens", "0"], /at least 1/],
    [["chat", "--threads", "0"], /from 1 to 1024/],
    [["chat", "--backend", "gpu"], /Allowed choices are auto, cpu, candle, metal, cuda/],
    [["chat", "hello", "there"], /too many arguments[^]*izwi chat -p/],
    [["serve", "qwen3"], /too many arguments[^]*izwi serve -m NAME/],
    [["list", "--output-format", "xml"], /Allowed choices are table, plain, json, yaml/],
  ];
  it.each(table)("%j", (argv, message) => {
    const { stdout, stderr, exitCode } = said(parse(...argv));
    expect(stderr).toMatch(message);
    expect(stdout).toBe("");
    expect(exitCode).toBe(2);
  });
});

describe("help and version", () => {
  it("come as text with exit code 0", () => {
    expect(said(parse("--version"))).toMatchObject({ stdout: "1.2.3\n", exitCode: 0 });
    for (const argv of [["--help"], [], ["help"]]) {
      expect(said(parse(...argv))).toMatchObject({ stdout: expect.stringContaining("Usage: izwi"), exitCode: 0 });
    }
    for (const argv of [
      ["chat", "-h"],
      ["help", "chat"],
    ]) {
      expect(said(parse(...argv))).toMatchObject({ stdout: expect.stringContaining("--temperature"), exitCode: 0 });
    }
  });

  it("tells the exit codes", () => {
    expect(said(parse("--help")).stdout).toMatch(/0 success\s+1 failure\s+2 wrong usage\s+130 interrupted/);
  });
});
