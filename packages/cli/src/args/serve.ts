/** `izwi serve` as typed. What is left out comes from the environment, the configuration file or a default. */
import { Option } from "commander";
import type { Command } from "commander";
import { contextLengthRange, threadsRange } from "../number-options.js";
import {
  batchSizeRange,
  concurrencyRange,
  logFormats,
  logLevels,
  portRange,
  serveModes,
  timeoutRange,
} from "../serve-options.js";
import type { LogFormat, LogLevel, ServeMode } from "../serve-options.js";
import { parseDuration, parseList } from "../values.js";
import {
  addCommonOptions,
  backends,
  collector,
  kvTypeOption,
  nonEmpty,
  numberParser,
  speculations,
  valueParser,
} from "./options.js";
import type { Backend, KvType, Speculation } from "./options.js";

export interface ServeFlags {
  mode?: ServeMode;
  host?: string;
  port?: number;
  model?: string[];
  maxBatchSize?: number;
  backend?: Backend;
  threads?: number;
  maxConcurrent?: number;
  /** Seconds. */
  timeout?: number;
  logLevel?: LogLevel;
  logFormat?: LogFormat;
  cors?: boolean;
  corsOrigins?: string[];
  allowedHosts?: string[];
  /** false = --no-ui */
  ui?: boolean;
  apiKey?: string;
  upstream?: string[];
  keepAlive?: number;
  contextLength?: number;
  speculation?: Speculation;
  /** A model's name or file. */
  draftModel?: string;
  kvType?: KvType;
}

const afterHelp = `
Any OpenAI client works with the base URL http://localhost:8080/v1; /docs has the API. Requests are answered for
programs on this machine only. With --host 0.0.0.0 others can call too, and need a key: --api-key, or one that is made
and shown at the start.

A model is loaded when the first request names it, or at the start with --model. Requests that name none get the first
--model, else the model of 'izwi chat'. (-m is the model, as everywhere in izwi; a folder of models is --models-dir.)

Environment:
  IZWI_HOST, IZWI_PORT, IZWI_API_KEY, IZWI_BACKEND, IZWI_NUM_THREADS, IZWI_MAX_BATCH_SIZE, IZWI_MAX_CONCURRENT,
  IZWI_TIMEOUT, IZWI_CORS, IZWI_CORS_ORIGINS, IZWI_ALLOWED_HOSTS, IZWI_NO_UI, IZWI_SERVE_MODE, IZWI_LOG_LEVEL,
  IZWI_LOG_FORMAT, IZWI_KEEP_ALIVE, IZWI_CONTEXT_LENGTH, IZWI_KV_CACHE_DTYPE, IZWI_SPECULATION, IZWI_DRAFT_MODEL
                        as the flags of these names
  IZWI_UPSTREAMS        as --upstream, separated by commas; IZWI_UPSTREAM_API_KEY is their key
  IZWI_PRELOAD_MODELS   as --model, separated by commas
  IZWI_MODEL            the model for requests that name none

Configuration file (TOML; 'izwi --help' says where), after flags and environment:
  [server]    host, port, api_key, cors, cors_origins, allowed_hosts, keep_alive, log_level, log_format,
              upstreams, upstream_api_key
  [runtime]   backend, threads, max_batch_size, max_concurrent, timeout, context_length, kv_type,
              speculation, draft_model
  [models]    dir
  [ui]        enabled
  [defaults]  model

Examples:
  izwi serve
  izwi serve --model qwen3-4b --keep-alive forever
  izwi serve -p 9000 --cors-origins http://localhost:5173
  izwi serve --upstream big=http://gpu-1:8000/v1 --upstream big=http://gpu-2:8000/v1
  izwi serve --host 0.0.0.0 --api-key "$MY_KEY" --log-format json`;

export function addServe(program: Command, done: (flags: ServeFlags, command: Command) => void): void {
  const serve = program
    .command("serve")
    .alias("server")
    .description("answer OpenAI's API over HTTP")
    .addOption(new Option("--mode <mode>", "web and desktop also open the browser").choices(serveModes))
    .option("-H, --host <address>", "where to listen (default: this machine only)", nonEmpty("--host"))
    .option("-p, --port <number>", "port (default: 8080; 0 = any free one)", numberParser("--port", portRange))
    .option("-m, --model <name>", "load this model at the start; may be given several times", collector("--model"))
    .addOption(new Option("--backend <name>", "what computes").choices(backends))
    .option("-t, --threads <number>", "CPU threads", numberParser("--threads", threadsRange))
    .option(
      "--max-batch-size <number>",
      "answers computed together (default: 8)",
      numberParser("--max-batch-size", batchSizeRange),
    )
    .option(
      "--max-concurrent <number>",
      "requests worked on at a time; as many more may wait (default: 100)",
      numberParser("--max-concurrent", concurrencyRange),
    )
    .option(
      "--timeout <seconds>",
      "longest time of a request; 0 = no limit (default: 300)",
      numberParser("--timeout", timeoutRange),
    )
    .option(
      "--keep-alive <time>",
      "how long an unused model stays loaded: 30s, 5m, 0, forever (default: 5m)",
      valueParser("--keep-alive", parseDuration),
    )
    .option(
      "--context-length <number>",
      "longest conversation, in tokens",
      numberParser("--context-length", contextLengthRange),
    )
    .addOption(kvTypeOption())
    .addOption(
      new Option("--speculation <mode>", "guess tokens ahead where it pays (default: auto)").choices(speculations),
    )
    .option(
      "--draft-model <name>",
      "a small model that guesses ahead for all others, which must have its vocabulary",
      nonEmpty("--draft-model"),
    )
    .option("--api-key <key>", "demand this key (IZWI_API_KEY keeps it out of process lists)", nonEmpty("--api-key"))
    .option("--upstream <name=url>", "pass this model's requests on to a server there", collector("--upstream"))
    .option("--cors", "let every web page call")
    .option("--cors-origins <origins>", "let these web pages call, separated by commas", parseList)
    .option("--allowed-hosts <names>", "further names of this server, separated by commas", parseList)
    .option("--no-ui", "no pages for people, only the API")
    .addOption(new Option("--log-level <level>", "least serious lines to log (default: info)").choices(logLevels))
    .addOption(new Option("--log-format <format>", "lines for people or for programs").choices(logFormats))
    .addHelpText("after", afterHelp);
  addCommonOptions(serve, "-v, --verbose");
  serve.action(() => done(serveFlags(serve.opts()), serve));
}

/** Commander sets `ui` to true where --no-ui isn't given; for us that is a flag left out. */
function serveFlags({ ui, ...opts }: Record<string, unknown>): ServeFlags {
  const names: (keyof ServeFlags)[] = [
    ...(["mode", "host", "port", "model", "maxBatchSize", "backend", "threads", "maxConcurrent", "timeout"] as const),
    ...(["logLevel", "logFormat", "cors", "corsOrigins", "allowedHosts", "apiKey", "keepAlive"] as const),
    "upstream",
    ...(["contextLength", "kvType", "speculation", "draftModel"] as const),
  ];
  const given = names.flatMap((name) => (opts[name] === undefined ? [] : [[name, opts[name]]]));
  return { ...Object.fromEntries(given), ...(ui === false && { ui: false }) } as ServeFlags;
}
