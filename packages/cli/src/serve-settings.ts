/** What `izwi serve` is to do: flags over environment over configuration file over defaults. */
import type { CommonFlags } from "./args/options.js";
import type { ServeFlags } from "./args/serve.js";
import { UsageError } from "./failure.js";
import { parseNumber } from "./number-options.js";
import type { NumberRange } from "./number-options.js";
import {
  batchSizeRange,
  concurrencyRange,
  logFormats,
  logLevels,
  portRange,
  serveModes,
  timeoutRange,
} from "./serve-options.js";
import type { LogFormat, ServeMode } from "./serve-options.js";
import { answerSettings } from "./settings.js";
import type { LoadSettings } from "./settings.js";
import type { SettingNames, Sources } from "./sources.js";
import { parseBoolean, parseChoice, parseDuration, parseList } from "./values.js";

export interface ServeSettings {
  mode: ServeMode;
  /** undefined: this machine only, by all its names. */
  host?: string;
  port: number;
  /** Loaded at the start. */
  models: string[];
  defaultModel?: string;
  load: LoadSettings & { maxRunning: number };
  maxConcurrent: number;
  /** Infinity for no limit. */
  timeoutMs: number;
  /** Infinity for ever. */
  keepAliveMs: number;
  apiKey?: string;
  upstreams: { name: string; urls: string[]; apiKey?: string }[];
  corsOrigins: string[] | "*";
  allowedHosts: string[];
  pages: boolean;
  logLevel: "debug" | "info" | "warn" | "error" | "off";
  logFormat: LogFormat;
}

export function serveSettings(flags: ServeFlags, common: CommonFlags, sources: Sources): ServeSettings {
  const number = (names: SettingNames, range: NumberRange) =>
    sources.value(names, (name, text) => parseNumber(name, text, range));
  const choice = <T extends string>(names: SettingNames, choices: readonly T[]) =>
    sources.value(names, (name, text) => parseChoice(name, text, choices));
  const list = (names: SettingNames) => sources.value(names, (_, text) => parseList(text));

  const host = flags.host ?? sources.text({ env: "IZWI_HOST", key: "server.host" });
  const defaultModel = sources.text({ env: "IZWI_MODEL", key: "defaults.model" });
  const apiKey = flags.apiKey ?? sources.text({ env: "IZWI_API_KEY", key: "server.api_key" });
  checkApiKey(apiKey);
  const timeout = flags.timeout ?? number({ env: "IZWI_TIMEOUT", key: "runtime.timeout" }, timeoutRange) ?? 300;
  const level = flags.logLevel ?? choice({ env: "IZWI_LOG_LEVEL", key: "server.log_level" }, logLevels) ?? "info";
  return {
    mode: flags.mode ?? choice({ env: "IZWI_SERVE_MODE" }, serveModes) ?? "server",
    ...(host !== undefined && { host }),
    port: flags.port ?? number({ env: "IZWI_PORT", key: "server.port" }, portRange) ?? 8080,
    models: flags.model ?? list({ env: "IZWI_PRELOAD_MODELS" }) ?? [],
    // A model named on the command line is the one that is meant.
    ...(flags.model === undefined && defaultModel !== undefined && { defaultModel }),
    load: {
      ...answerSettings(flags, common, sources),
      maxRunning:
        flags.maxBatchSize ??
        number({ env: "IZWI_MAX_BATCH_SIZE", key: "runtime.max_batch_size" }, batchSizeRange) ??
        8,
    },
    maxConcurrent:
      flags.maxConcurrent ??
      number({ env: "IZWI_MAX_CONCURRENT", key: "runtime.max_concurrent" }, concurrencyRange) ??
      100,
    timeoutMs: timeout === 0 ? Infinity : timeout * 1000,
    keepAliveMs:
      flags.keepAlive ??
      sources.value({ env: "IZWI_KEEP_ALIVE", key: "server.keep_alive" }, parseDuration) ??
      5 * 60_000,
    ...(apiKey !== undefined && { apiKey }),
    upstreams: upstreams(
      flags.upstream ?? list({ env: "IZWI_UPSTREAMS", key: "server.upstreams" }) ?? [],
      sources.text({ env: "IZWI_UPSTREAM_API_KEY", key: "server.upstream_api_key" }),
    ),
    corsOrigins: corsOrigins(flags, sources, list),
    allowedHosts: flags.allowedHosts ?? list({ env: "IZWI_ALLOWED_HOSTS", key: "server.allowed_hosts" }) ?? [],
    pages: flags.ui ?? pages(sources),
    logLevel: level === "trace" ? "debug" : level,
    logFormat: flags.logFormat ?? choice({ env: "IZWI_LOG_FORMAT", key: "server.log_format" }, logFormats) ?? "text",
  };
}

/** `name=url`, as often as the name has URLs. */
function upstreams(given: readonly string[], apiKey: string | undefined): ServeSettings["upstreams"] {
  const urlsOf = new Map<string, string[]>();
  for (const text of given) {
    const at = text.indexOf("=");
    const [name, url] = [text.slice(0, at).trim(), text.slice(at + 1).trim()];
    if (at < 1 || name === "" || !URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      throw new UsageError(`An upstream looks like name=http://gpu-1:8000/v1, not '${text}'.`);
    }
    urlsOf.set(name, [...(urlsOf.get(name) ?? []), url]);
  }
  return [...urlsOf].map(([name, urls]) => ({ name, urls, ...(apiKey !== undefined && { apiKey }) }));
}

/** `--cors` is for every page, `--cors-origins` for those named; the flags win over what is set elsewhere. */
function corsOrigins(
  flags: ServeFlags,
  sources: Sources,
  list: (names: SettingNames) => string[] | undefined,
): string[] | "*" {
  if (flags.cors && flags.corsOrigins) {
    throw new UsageError("--cors lets every page call and --cors-origins some: give one of them.");
  }
  if (flags.cors) return "*";
  const origins = flags.corsOrigins ?? list({ env: "IZWI_CORS_ORIGINS", key: "server.cors_origins" });
  if (origins !== undefined && origins.length > 0) return origins.includes("*") ? "*" : origins.map(origin);
  return sources.value({ env: "IZWI_CORS", key: "server.cors" }, parseBoolean) ? "*" : [];
}

/** An origin as browsers send it: without a path, and in small letters. */
function origin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // Pages of desktop programs have origins of other schemes, which URL has no word for.
  if (url === undefined) throw new UsageError(`An origin looks like http://localhost:5173, not '${text}'.`);
  return url.origin === "null" ? text.replace(/\/$/, "") : url.origin;
}

function pages(sources: Sources): boolean {
  const off = sources.value({ env: "IZWI_NO_UI" }, parseBoolean);
  return off === undefined ? (sources.value({ key: "ui.enabled" }, parseBoolean) ?? true) : !off;
}

function checkApiKey(apiKey: string | undefined): void {
  if (apiKey === undefined || /^[\x21-\x7e]+$/.test(apiKey)) return;
  throw new UsageError("The API key must be letters, digits and signs without spaces, because it travels in a header.");
}
