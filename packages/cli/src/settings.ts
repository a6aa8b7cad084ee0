/** What is meant: flags over environment over defaults, checked together. args.ts has what was typed. */
import { backends } from "./args.js";
import type { Backend, ChatFlags, CommonFlags, OutputFormat } from "./args.js";
import { UsageError } from "./failure.js";
import { parseNumber, threadsRange } from "./number-options.js";
import type { Sampling } from "./number-options.js";
import { defaultModelName } from "./package-info.js";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ChatSettings {
  model: string;
  /** Somebody named the model, so that no other one may answer in its place. */
  modelAskedFor: boolean;
  system?: string;
  voice?: string;
  thinking: boolean;
  sampling: Sampling;
  stop: string[];
  stats: boolean;
  load: { modelsDir?: string; backend?: Backend; threads?: number; contextLength?: number };
  mode: ChatMode;
  /** Keep what is typed for the next run. */
  keepHistory: boolean;
}

export type ChatMode =
  | { kind: "conversation" }
  /** One answer. The prompt is `prompt`, or standard input, or both joined. */
  | { kind: "one-shot"; prompt?: string; readStdin: boolean; json: boolean };

export function chatSettings(
  flags: ChatFlags,
  common: CommonFlags,
  env: Environment,
  stdinIsTerminal: boolean,
): ChatSettings {
  const model = flags.model ?? variable(env, "IZWI_MODEL");
  return {
    model: model ?? defaultModelName,
    modelAskedFor: model !== undefined,
    ...(flags.system?.trim() && { system: flags.system }),
    ...(flags.voice !== undefined && { voice: flags.voice }),
    thinking: flags.think ?? false,
    sampling: flags.sampling,
    stop: flags.stop,
    stats: flags.stats,
    load: loadSettings(flags, common, env),
    mode: chatMode(flags, common, stdinIsTerminal),
    keepHistory: variable(env, "IZWI_NO_HISTORY") === undefined,
  };
}

function loadSettings(flags: ChatFlags, common: CommonFlags, env: Environment): ChatSettings["load"] {
  const modelsDir = modelsDirectory(common, env);
  const backend = flags.backend ?? backendVariable(env);
  const threadsText = variable(env, "IZWI_NUM_THREADS");
  const threads =
    flags.threads ??
    (threadsText === undefined ? undefined : parseNumber("IZWI_NUM_THREADS", threadsText, threadsRange));
  return {
    ...(modelsDir !== undefined && { modelsDir }),
    ...(backend !== undefined && { backend }),
    ...(threads !== undefined && { threads }),
    ...(flags.contextLength !== undefined && { contextLength: flags.contextLength }),
  };
}

export function modelsDirectory(common: CommonFlags, env: Environment): string | undefined {
  return common.modelsDir ?? variable(env, "IZWI_MODELS_DIR");
}

/** `--json` is the short form of `--output-format json`; a contradiction is a mistake. */
export function outputFormat(common: CommonFlags, json: boolean, fallback: OutputFormat): OutputFormat {
  if (json && common.outputFormat !== undefined && common.outputFormat !== "json") {
    throw new UsageError(`--json contradicts --output-format ${common.outputFormat}.`);
  }
  return json ? "json" : (common.outputFormat ?? fallback);
}

function chatMode(flags: ChatFlags, common: CommonFlags, stdinIsTerminal: boolean): ChatMode {
  const json = outputFormat(common, flags.json, "plain") === "json";
  if (flags.interactive && flags.prompt !== undefined) {
    throw new UsageError("--interactive holds a conversation and --prompt asks for one answer: give one of them.");
  }
  if (flags.interactive || (flags.prompt === undefined && stdinIsTerminal)) {
    if (json) throw new UsageError("--json prints one answer: give it a --prompt, or pipe the prompt in.");
    return { kind: "conversation" };
  }
  return {
    kind: "one-shot",
    ...(flags.prompt !== undefined && { prompt: flags.prompt }),
    readStdin: !stdinIsTerminal,
    json,
  };
}

function backendVariable(env: Environment): Backend | undefined {
  const text = variable(env, "IZWI_BACKEND");
  if (text === undefined) return undefined;
  const backend = backends.find((name) => name === text.toLowerCase());
  if (backend === undefined) throw new UsageError(`IZWI_BACKEND must be one of ${backends.join(", ")}, not '${text}'.`);
  return backend;
}

/** An empty variable counts as unset, as NO_COLOR's convention has it. */
function variable(env: Environment, name: string): string | undefined {
  const value = env[name];
  return value === undefined || value.trim() === "" ? undefined : value;
}
