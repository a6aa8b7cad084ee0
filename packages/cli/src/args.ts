/**
 * The command line as typed. Parsing has no side effects: help, version and mistakes come back as text, so that one
 * place (main) prints and exits. What the flags mean together with the environment is settled in settings.ts.
 */
import { Command, CommanderError, Option } from "commander";
import {
  addCommonOptions,
  backends,
  collector,
  commonFlags,
  nonEmpty,
  numberParser,
  kvTypeOption,
  speculations,
} from "./args/options.js";
import type { Backend, CommonFlags, KvType, Speculation } from "./args/options.js";
import { addBench } from "./args/bench.js";
import type { BenchFlags } from "./args/bench.js";
import { addCompletions } from "./args/completions.js";
import { addConfig } from "./args/config.js";
import type { ConfigAction } from "./args/config.js";
import { addDoctor } from "./args/doctor.js";
import type { DoctorFlags } from "./args/doctor.js";
import { addPerplexity, addTokenize } from "./args/measure.js";
import type { PerplexityFlags, TokenizeFlags } from "./args/measure.js";
import { addList, addModels } from "./args/models.js";
import type { ListFlags } from "./args/models.js";
import { addPull } from "./args/pull.js";
import type { PullFlags } from "./args/pull.js";
import { addRm } from "./args/rm.js";
import type { RmFlags } from "./args/rm.js";
import { addServe } from "./args/serve.js";
import type { ServeFlags } from "./args/serve.js";
import { addShow } from "./args/show.js";
import type { ShowFlags } from "./args/show.js";
import { addPs, addStatus } from "./args/status.js";
import type { ServerModelFlags, StatusFlags } from "./args/status.js";
import { addTts } from "./args/tts.js";
import type { TtsFlags } from "./args/tts.js";
import type { Shell } from "./completion/scripts.js";
import { ExitCode } from "./exit-code.js";
import { nearMatches } from "./near-match.js";
import { contextLengthRange, samplingOptions, threadsRange } from "./number-options.js";
import type { Sampling } from "./number-options.js";
import { defaultModelFile, defaultModelName } from "./package-info.js";

export interface ChatFlags {
  model?: string;
  system?: string;
  voice?: string;
  voiceOut?: string;
  prompt?: string;
  interactive: boolean;
  think?: boolean;
  sampling: Sampling;
  stop: string[];
  stats: boolean;
  json: boolean;
  backend?: Backend;
  threads?: number;
  contextLength?: number;
  speculation?: Speculation;
  /** A model's name or file. */
  draftModel?: string;
  kvType?: KvType;
  /** A file that the conversation is written to, after each answer. */
  save?: string;
  /** A file of a conversation to go on with. */
  resume?: string;
}

export type Invocation =
  | { command: "chat"; flags: ChatFlags; common: CommonFlags }
  | { command: "serve"; flags: ServeFlags; common: CommonFlags }
  | { command: "pull"; flags: PullFlags; common: CommonFlags }
  | { command: "list"; flags: ListFlags; common: CommonFlags }
  | { command: "show"; flags: ShowFlags; common: CommonFlags }
  | { command: "rm"; flags: RmFlags; common: CommonFlags }
  | { command: "status"; flags: StatusFlags; common: CommonFlags }
  | { command: "ps"; flags: { json: boolean }; common: CommonFlags }
  | { command: "server-models"; flags: ServerModelFlags; common: CommonFlags }
  | { command: "tokenize"; flags: TokenizeFlags; common: CommonFlags }
  | { command: "perplexity"; flags: PerplexityFlags; common: CommonFlags }
  | { command: "bench"; flags: BenchFlags; common: CommonFlags }
  | { command: "doctor"; flags: DoctorFlags; common: CommonFlags }
  | { command: "config"; flags: ConfigAction; common: CommonFlags }
  | { command: "completions"; shell: Shell; common: CommonFlags }
  | { command: "tts"; flags: TtsFlags; common: CommonFlags }
  | { command: "version"; full: boolean; common: CommonFlags }
  /** Nothing to do but to say something: help, version, or what is wrong with the command line. */
  | { command: "say"; stdout: string; stderr: string; exitCode: ExitCode };

/** Commands that people know from the documentation or from similar programs, and what to do in this version. */
const notYet: Record<string, string> = {
  run: "chat with: izwi chat --model NAME",
  transcribe: "type your message: izwi chat",
};

const afterHelp = `
Environment:
  IZWI_MODEL        the model to use where --model is not given
  IZWI_MODELS_DIR   where models are looked for
  IZWI_BACKEND      as --backend
  IZWI_NUM_THREADS  as --threads
  IZWI_SPECULATION  as --speculation; IZWI_DRAFT_MODEL as --draft-model, IZWI_KV_CACHE_DTYPE as --kv-type
  IZWI_PLAYER       the program that plays sound; 'izwi tts --help' has more
  IZWI_NO_HISTORY   set: what you type is not kept between runs
  IZWI_CONFIG       as --config
  IZWI_SERVER       as --server; IZWI_API_KEY is its key
  NO_COLOR          set: no colour; FORCE_COLOR set: colour even in a pipe

Configuration file (TOML), where neither a flag nor the environment says otherwise:
  Linux ~/.config/izwi/config.toml, macOS ~/Library/Application Support/izwi/config.toml,
  Windows %APPDATA%\\izwi\\config.toml. 'izwi serve --help' lists its settings.

Exit codes:
  0 success   1 failure   2 wrong usage   130 interrupted (Ctrl+C)   143 terminated`;

const afterChatHelp = `
With no --prompt and a terminal, a conversation starts: 'help' lists its commands, 'exit' leaves, Ctrl+C stops an
answer. With --prompt, or input from a pipe, one answer is printed; given both, they are joined. Sampling left unset
is what Qwen3 recommends.

With --server, a running server answers: izwi's, or another that has OpenAI's API. Nothing is sent anywhere else.
--save and --resume with the same file go on where the last conversation ended.

Examples:
  izwi chat
  izwi chat --system "You are a helpful coding assistant."
  izwi chat -m ./${defaultModelFile}
  izwi chat -p "Summarise this" < notes.txt`;

export function parseArgs(argv: readonly string[], version: string): Invocation {
  let stdout = "";
  let stderr = "";
  let invocation: Invocation | undefined;
  const program = new Command("izwi").exitOverride().configureOutput({
    writeOut: (text) => void (stdout += text),
    writeErr: (text) => void (stderr += text),
    // Layout must not depend on which stream happens to be a terminal.
    getOutHelpWidth: () => 100,
    getErrHelpWidth: () => 100,
  });
  // Each command takes over what is settled for the program, so that comes first.
  define(program, version, (value) => void (invocation = value));
  try {
    program.parse([...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return sayWhy(error, program, version, stdout, stderr);
  }
  return invocation ?? { command: "say", stdout, stderr, exitCode: ExitCode.ok };
}

/** All commands with their options, for completion. */
export function programDefinition(): Command {
  return define(new Command("izwi"), "", () => {});
}

function define(program: Command, version: string, done: (invocation: Invocation) => void): Command {
  program
    .description("Chat with Qwen3 on your own machine. Nothing you type leaves it.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand("help [command]", "show the help of a command")
    .enablePositionalOptions()
    .addHelpText("after", afterHelp);
  addCommonOptions(program, "-v, --verbose");
  addChat(program, done);
  addServe(program, (flags, command) => done({ command: "serve", flags, common: commonFlags(command) }));
  const list = (flags: ListFlags, command: Command) => done({ command: "list", flags, common: commonFlags(command) });
  const show = (flags: ShowFlags, command: Command) => done({ command: "show", flags, common: commonFlags(command) });
  addPull(program, (flags, command) => done({ command: "pull", flags, common: commonFlags(command) }));
  addList(program, list);
  addShow(program, show);
  addRm(program, (flags, command) => done({ command: "rm", flags, common: commonFlags(command) }));
  addModels(program, list, show, (flags, command) =>
    done({ command: "server-models", flags, common: commonFlags(command) }),
  );
  addStatus(program, (flags, command) => done({ command: "status", flags, common: commonFlags(command) }));
  addPs(program, (flags, command) => done({ command: "ps", flags, common: commonFlags(command) }));
  addTokenize(program, (flags, command) => done({ command: "tokenize", flags, common: commonFlags(command) }));
  addPerplexity(program, (flags, command) => done({ command: "perplexity", flags, common: commonFlags(command) }));
  addBench(program, (flags, command) => done({ command: "bench", flags, common: commonFlags(command) }));
  addDoctor(program, (flags, command) => done({ command: "doctor", flags, common: commonFlags(command) }));
  addConfig(program, (flags, command) => done({ command: "config", flags, common: commonFlags(command) }));
  addCompletions(program, (shell, command) => done({ command: "completions", shell, common: commonFlags(command) }));
  addTts(program, (flags, command) => done({ command: "tts", flags, common: commonFlags(command) }));
  addVersion(program, done);
  return program;
}

function sayWhy(error: CommanderError, program: Command, version: string, stdout: string, stderr: string): Invocation {
  // `izwi` alone: commander treats the help it prints as an error; for us it is an answer.
  if (error.code === "commander.help")
    return { command: "say", stdout: stdout + stderr, stderr: "", exitCode: ExitCode.ok };
  if (error.exitCode === 0) return { command: "say", stdout, stderr, exitCode: ExitCode.ok };
  if (error.code === "commander.unknownCommand") stderr = unknownCommand(program.args[0] ?? "", program, version);
  if (error.code === "commander.excessArguments") {
    const serving = ["serve", "server"].includes(program.args[0] ?? "");
    stderr += serving
      ? "A model goes after --model: izwi serve -m NAME\n"
      : `A message goes after --prompt: izwi chat -p "…"\n`;
  }
  return { command: "say", stdout, stderr, exitCode: ExitCode.usage };
}

function unknownCommand(name: string, program: Command, version: string): string {
  const instead = Object.hasOwn(notYet, name) ? notYet[name] : undefined;
  if (instead !== undefined) return `error: izwi ${version} has no '${name}' command yet; ${instead}\n`;
  const known = program.commands.flatMap((command) => [command.name(), ...command.aliases()]);
  const near = nearMatches(name, [...known, "help"]);
  const suggestion = near.length > 0 ? `Did you mean '${near[0]}'?` : "'izwi --help' lists the commands.";
  return `error: unknown command '${name}'. ${suggestion}\n`;
}

function addChat(program: Command, done: (invocation: Invocation) => void): void {
  const chat = program
    .command("chat")
    .description("chat in the terminal, or answer one prompt")
    .option("-m, --model <name>", `a model's name or a .gguf file (default: ${defaultModelName})`, nonEmpty("--model"))
    .option("-s, --system <text>", "system prompt: who the model is and how it answers")
    .option("-v, --voice <name>", "voice for spoken responses: default, or one that 'list' lists", nonEmpty("--voice"))
    .option("--voice-out <file>", "the WAV file that the voice goes to instead of a player", nonEmpty("--voice-out"))
    .option("-p, --prompt <text>", "answer this and leave", nonEmpty("--prompt"))
    .option("-i, --interactive", "a conversation, line by line, even where input is a pipe")
    .option("--think", "let the model think before it answers (slower)")
    .option("--no-think", "answer at once (default)");
  for (const option of samplingOptions) {
    chat.option(`--${option.name} <number>`, option.help, numberParser(`--${option.name}`, option));
  }
  chat
    .option("--stop <text>", "end the answer before this text; may be given several times", collector("--stop"))
    .option("--stats", "after each answer: time to first token, speed, tokens")
    .option("--json", "one-shot: print one JSON object")
    .addOption(new Option("--backend <name>", "what computes").choices(backends))
    .option("--threads <number>", "CPU threads", numberParser("--threads", threadsRange))
    .option(
      "--context-length <number>",
      "longest conversation, in tokens",
      numberParser("--context-length", contextLengthRange),
    )
    .addOption(
      new Option("--speculation <mode>", "guess tokens ahead where it pays (default: auto)").choices(speculations),
    )
    .option("--draft-model <name>", "a small model of the same family that guesses ahead", nonEmpty("--draft-model"))
    .addOption(kvTypeOption())
    .option("--save <file>", "write the conversation to this file, after each answer", nonEmpty("--save"))
    .option("--resume <file>", "go on with the conversation of this file", nonEmpty("--resume"))
    .addHelpText("after", afterChatHelp);
  addCommonOptions(chat, "--verbose");
  chat.action(() => done({ command: "chat", flags: chatFlags(chat.opts()), common: commonFlags(chat) }));
}

function chatFlags(opts: Record<string, unknown>): ChatFlags {
  const sampling: Sampling = {};
  for (const { key } of samplingOptions) {
    if (opts[key] !== undefined) sampling[key] = opts[key] as number;
  }
  const { model, system, voice, voiceOut, prompt, think, save, resume } = opts;
  const { backend, threads, contextLength, speculation, draftModel, kvType } = opts;
  const given = {
    model,
    system,
    voice,
    voiceOut,
    prompt,
    think,
    backend,
    threads,
    contextLength,
    speculation,
    draftModel,
    kvType,
    save,
    resume,
  };
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const { interactive = false, stats = false, json = false, stop = [] } = opts;
  return { ...set, interactive, stats, json, stop, sampling } as ChatFlags;
}

function addVersion(program: Command, done: (invocation: Invocation) => void): void {
  const version = program
    .command("version")
    .alias("v")
    .description("print the version; --full adds the machine")
    .option("-f, --full", "also Node.js, platform and what computes");
  addCommonOptions(version, "-v, --verbose");
  version.action(() =>
    done({ command: "version", full: Boolean(version.opts()["full"]), common: commonFlags(version) }),
  );
}
