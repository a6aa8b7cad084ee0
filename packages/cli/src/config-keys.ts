/** Every setting of the configuration file: what it may be, its variable in the environment, and its default. */
import { backends, kvTypes, speculations } from "./args/options.js";
import { contextLengthRange, parseNumber, threadsRange } from "./number-options.js";
import type { NumberRange } from "./number-options.js";
import { defaultModelName } from "./package-info.js";
import { batchSizeRange, concurrencyRange, logFormats, logLevels, portRange, timeoutRange } from "./serve-options.js";
import { parseBoolean, parseChoice, parseDuration, parseList } from "./values.js";

export interface ConfigKey {
  key: string;
  /** The variable that wins over the file. */
  env?: string;
  /** The variable means the opposite: `IZWI_NO_UI`. */
  inverted?: true;
  /** How the file has it: a TOML text, number, boolean or array of texts. */
  type: "text" | "number" | "boolean" | "list";
  /** Throws a UsageError with `name` in it for a value that makes no sense. */
  check: (name: string, text: string) => unknown;
  /** What holds where nobody says anything. */
  fallback?: string;
  /** Not shown in lists. */
  secret?: true;
}

const text = (key: string, env?: string, more: Partial<ConfigKey> = {}): ConfigKey => ({
  ...{ key, type: "text", check: (_, value) => value, ...(env !== undefined && { env }) },
  ...more,
});
const number = (key: string, env: string, range: NumberRange, fallback?: string): ConfigKey =>
  text(key, env, { type: "number", check: (name, value) => parseNumber(name, value, range), ...given(fallback) });
const choice = (key: string, env: string, choices: readonly string[], fallback: string): ConfigKey =>
  text(key, env, { check: (name, value) => parseChoice(name, value, choices), fallback });
const boolean = (key: string, env: string, fallback: string, more: Partial<ConfigKey> = {}): ConfigKey =>
  text(key, env, { type: "boolean", check: parseBoolean, fallback, ...more });
const list = (key: string, env: string): ConfigKey =>
  text(key, env, { type: "list", check: (_, value) => parseList(value) });
const given = (fallback: string | undefined) => (fallback === undefined ? {} : { fallback });

export const configKeys: readonly ConfigKey[] = [
  text("server.host", "IZWI_HOST", { fallback: "localhost" }),
  number("server.port", "IZWI_PORT", portRange, "8080"),
  text("server.api_key", "IZWI_API_KEY", { secret: true }),
  boolean("server.cors", "IZWI_CORS", "false"),
  list("server.cors_origins", "IZWI_CORS_ORIGINS"),
  list("server.allowed_hosts", "IZWI_ALLOWED_HOSTS"),
  text("server.keep_alive", "IZWI_KEEP_ALIVE", { check: parseDuration, fallback: "5m" }),
  choice("server.log_level", "IZWI_LOG_LEVEL", logLevels, "info"),
  choice("server.log_format", "IZWI_LOG_FORMAT", logFormats, "text"),
  list("server.upstreams", "IZWI_UPSTREAMS"),
  text("server.upstream_api_key", "IZWI_UPSTREAM_API_KEY", { secret: true }),
  choice("runtime.backend", "IZWI_BACKEND", backends, "auto"),
  number("runtime.threads", "IZWI_NUM_THREADS", threadsRange),
  number("runtime.context_length", "IZWI_CONTEXT_LENGTH", contextLengthRange),
  choice("runtime.kv_type", "IZWI_KV_CACHE_DTYPE", kvTypes, "f16"),
  choice("runtime.speculation", "IZWI_SPECULATION", speculations, "auto"),
  text("runtime.draft_model", "IZWI_DRAFT_MODEL"),
  number("runtime.max_batch_size", "IZWI_MAX_BATCH_SIZE", batchSizeRange, "8"),
  number("runtime.max_concurrent", "IZWI_MAX_CONCURRENT", concurrencyRange, "100"),
  number("runtime.timeout", "IZWI_TIMEOUT", timeoutRange, "300"),
  text("models.dir", "IZWI_MODELS_DIR"),
  boolean("ui.enabled", "IZWI_NO_UI", "true", { inverted: true }),
  text("defaults.model", "IZWI_MODEL", { fallback: defaultModelName }),
];

export function findConfigKey(key: string): ConfigKey | undefined {
  return configKeys.find((known) => known.key === key);
}
