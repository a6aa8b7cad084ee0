/**
 * What is meant: flags over environment over configuration file over defaults, checked together. args.ts has what was
 * typed.
 */
import type { ChatFlags } from "./args.js";
import type { ModelFlags } from "./args/measure.js";
import { backends, kvTypes, speculations } from "./args/options.js";
import type { Backend, CommonFlags, KvType, OutputFormat, Speculation } from "./args/options.js";
import { UsageError } from "./failure.js";
import { contextLengthRange, parseNumber, threadsRange } from "./number-options.js";
import type { NumberRange, Sampling } from "./number-options.js";
import { defaultModelName } from "./package-info.js";
import { usualServer } from "./server-client.js";
import type { ServerAddress } from "./server-client.js";
import type { SettingNames, Sources } from "./sources.js";
import { parseChoice } from "./values.js";

export interface ChatSettings {
  model: string;
  /** Somebody named the model, so that no other one may answer in its place. */
  modelAskedFor: boolean;
  system?: string;
  voice?: string;
  /** The WAV file that the voice goes to. */
  voiceOut?: string;
  thinking: boolean;
  /** Somebody said whether to think, so that a saved conversation doesn't. */
  thinkingAskedFor: boolean;
  save?: string;
  resume?: string;
  /** The server that answers, where it isn't this process. */
  server?: ServerAddress;
  sampling: Sampling;
  stop: string[];
  stats: boolean;
  load: LoadSettings;
  mode: ChatMode;
  /** Keep what is typed for the next run. */
  keepHistory: boolean;
}

export type ChatMode =
  | { kind: "conversation" }
  /** One answer. The prompt is `prompt`, or standard input, or both joined. */
  | { kind: "one-shot"; prompt?: string; readStdin: boolean; format: OutputFormat };

export function chatSettings(
  flags: ChatFlags,
  common: CommonFlags,
  sources: Sources,
  stdinIsTerminal: boolean,
): ChatSettings {
  const model = flags.model ?? sources.text({ env: "IZWI_MODEL", key: "defaults.model" });
  return {
    model: model ?? defaultModelName,
    modelAskedFor: model !== undefined,
    ...(flags.system?.trim() && { system: flags.system }),
    // Somebody who says where the voice goes wants one.
    ...((flags.voice ?? flags.voiceOut) !== undefined && { voice: flags.voice ?? "default" }),
    ...(flags.voiceOut !== undefined && { voiceOut: flags.voiceOut }),
    thinking: flags.think ?? false,
    thinkingAskedFor: flags.think !== undefined,
    ...(flags.save !== undefined && { save: flags.save }),
    ...(flags.resume !== undefined && { resume: flags.resume }),
    ...(common.server !== undefined && { server: remoteFor(flags, common, sources) }),
    sampling: flags.sampling,
    stop: flags.stop,
    stats: flags.stats,
    load: answerSettings(flags, common, sources),
    mode: chatMode(flags, common, stdinIsTerminal),
    keepHistory: sources.text({ env: "IZWI_NO_HISTORY" }) === undefined,
  };
}

export interface LoadSettings {
  modelsDir?: string;
  backend?: Backend;
  threads?: number;
  contextLength?: number;
  speculation?: Speculation;
  kvCacheType?: KvType;
  /** Only for commands that answer: the others have no use for it. */
  draftModel?: string;
}

export interface LoadFlags {
  backend?: Backend;
  threads?: number;
  contextLength?: number;
  speculation?: Speculation;
  kvType?: KvType;
}

/** How a model is loaded, for every command that loads one. */
export function loadSettings(flags: LoadFlags, common: CommonFlags, sources: Sources): LoadSettings {
  const number = (names: SettingNames, range: NumberRange) =>
    sources.value(names, (name, text) => parseNumber(name, text, range));
  const modelsDir = modelsDirectory(common, sources);
  const backend =
    flags.backend ??
    sources.value({ env: "IZWI_BACKEND", key: "runtime.backend" }, (name, text) => parseChoice(name, text, backends));
  const threads = flags.threads ?? number({ env: "IZWI_NUM_THREADS", key: "runtime.threads" }, threadsRange);
  const contextLength =
    flags.contextLength ?? number({ env: "IZWI_CONTEXT_LENGTH", key: "runtime.context_length" }, contextLengthRange);
  const speculation =
    flags.speculation ??
    sources.value({ env: "IZWI_SPECULATION", key: "runtime.speculation" }, (name, text) =>
      parseChoice(name, text, speculations),
    );
  const kvCacheType = flags.kvType ?? kvCacheTypeOf(sources);
  return {
    ...(modelsDir !== undefined && { modelsDir }),
    ...(backend !== undefined && { backend }),
    ...(threads !== undefined && { threads }),
    ...(contextLength !== undefined && { contextLength }),
    ...(speculation !== undefined && { speculation }),
    ...(kvCacheType !== undefined && { kvCacheType }),
  };
}

/** The type of KV cache that models are loaded with where no flag says another one. */
export function kvCacheTypeOf(sources: Sources): KvType | undefined {
  return sources.value({ env: "IZWI_KV_CACHE_DTYPE", key: "runtime.kv_type" }, (name, text) =>
    parseChoice(name, text, kvTypes),
  );
}

/** The same for commands that answer. */
export function answerSettings(
  flags: LoadFlags & { draftModel?: string },
  common: CommonFlags,
  sources: Sources,
): LoadSettings {
  const draftModel = flags.draftModel ?? sources.text({ env: "IZWI_DRAFT_MODEL", key: "runtime.draft_model" });
  return { ...loadSettings(flags, common, sources), ...(draftModel !== undefined && { draftModel }) };
}

/** Where a conversation goes is said by a flag alone: no variable may send it away unseen. */
function remoteFor(flags: ChatFlags, common: CommonFlags, sources: Sources): ServerAddress {
  const { backend, threads, contextLength, speculation, draftModel, kvType } = flags;
  const local = backend ?? threads ?? contextLength ?? speculation ?? draftModel ?? kvType;
  if (local === undefined) return serverAddress(common, sources);
  throw new UsageError(
    "--backend, --threads, --context-length, --speculation, --draft-model and --kv-type are for a model in this " +
      "process, not for a --server.",
  );
}

/** The running server that commands such as status ask. */
export function serverAddress(common: CommonFlags, sources: Sources): ServerAddress {
  const given = common.server ?? sources.text({ env: "IZWI_SERVER" }) ?? usualServer;
  if (!/^https?:$/.test(URL.canParse(given) ? new URL(given).protocol : "")) {
    throw new UsageError(`A server's address looks like ${usualServer}, not '${given}'.`);
  }
  const apiKey = sources.text({ env: "IZWI_API_KEY", key: "server.api_key" });
  return { url: given.replace(/\/+$/, "").replace(/\/v1$/, ""), ...(apiKey !== undefined && { apiKey }) };
}

/** For commands that measure a model, or ask its tokenizer. */
export function measureSettings(flags: ModelFlags, common: CommonFlags, sources: Sources) {
  const model = flags.model ?? sources.text({ env: "IZWI_MODEL", key: "defaults.model" });
  return {
    model: model ?? defaultModelName,
    modelAskedFor: model !== undefined,
    load: loadSettings(flags, common, sources),
    format: outputFormat(common, flags.json, "table"),
  };
}

export function modelsDirectory(common: CommonFlags, sources: Sources): string | undefined {
  return common.modelsDir ?? sources.text({ env: "IZWI_MODELS_DIR", key: "models.dir" });
}

/** `--json` is the short form of `--output-format json`; a contradiction is a mistake. */
export function outputFormat(common: CommonFlags, json: boolean, fallback: OutputFormat): OutputFormat {
  if (json && common.outputFormat !== undefined && common.outputFormat !== "json") {
    throw new UsageError(`--json contradicts --output-format ${common.outputFormat}.`);
  }
  return json ? "json" : (common.outputFormat ?? fallback);
}

function chatMode(flags: ChatFlags, common: CommonFlags, stdinIsTerminal: boolean): ChatMode {
  const format = outputFormat(common, flags.json, "plain");
  if (flags.interactive && flags.prompt !== undefined) {
    throw new UsageError("--interactive holds a conversation and --prompt asks for one answer: give one of them.");
  }
  if (flags.interactive || (flags.prompt === undefined && stdinIsTerminal)) {
    if (format === "json" || format === "yaml") {
      throw new UsageError(
        `--${flags.json ? "json" : `output-format ${format}`} prints one answer: give it a --prompt, or pipe the prompt in.`,
      );
    }
    return { kind: "conversation" };
  }
  return {
    kind: "one-shot",
    ...(flags.prompt !== undefined && { prompt: flags.prompt }),
    readStdin: !stdinIsTerminal,
    format,
  };
}
