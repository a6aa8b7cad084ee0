import { describe, expect, it } from "vitest";
import type { CommonFlags } from "./args/options.js";
import type { ServeFlags } from "./args/serve.js";
import { UsageError } from "./failure.js";
import { serveSettings } from "./serve-settings.js";
import { Sources } from "./sources.js";

const common: CommonFlags = { quiet: false, verbose: false, color: true };

function settings(flags: ServeFlags = {}, env: Record<string, string> = {}, config: Record<string, string> = {}) {
  const values = new Map(Object.entries(config));
  return serveSettings(flags, common, new Sources(env, { file: "/c.toml", values, warnings: [] }));
}

it("has upstream's defaults, on this machine alone", () => {
  expect(settings()).toEqual({
    mode: "server",
    port: 8080,
    models: [],
    load: { maxRunning: 8 },
    maxConcurrent: 100,
    timeoutMs: 300_000,
    keepAliveMs: 300_000,
    upstreams: [],
    corsOrigins: [],
    allowedHosts: [],
    pages: true,
    logLevel: "info",
    logFormat: "text",
  });
});

describe("a flag wins over the environment, and that over the file", () => {
  const table: [
    string,
    ServeFlags,
    [string, string] | undefined,
    [string, string] | undefined,
    object,
    object,
    object,
  ][] = [
    ["host", { host: "f" }, ["IZWI_HOST", "e"], ["server.host", "c"], { host: "f" }, { host: "e" }, { host: "c" }],
    ["port", { port: 1 }, ["IZWI_PORT", "2"], ["server.port", "3"], { port: 1 }, { port: 2 }, { port: 3 }],
    [
      "key",
      { apiKey: "f" },
      ["IZWI_API_KEY", "e"],
      ["server.api_key", "c"],
      { apiKey: "f" },
      { apiKey: "e" },
      { apiKey: "c" },
    ],
    [
      "timeout",
      { timeout: 1 },
      ["IZWI_TIMEOUT", "0"],
      ["runtime.timeout", "3"],
      { timeoutMs: 1000 },
      { timeoutMs: Infinity },
      { timeoutMs: 3000 },
    ],
    [
      "keep-alive",
      { keepAlive: 1 },
      ["IZWI_KEEP_ALIVE", "2m"],
      ["server.keep_alive", "-1"],
      { keepAliveMs: 1 },
      { keepAliveMs: 120_000 },
      { keepAliveMs: Infinity },
    ],
    [
      "batch size",
      { maxBatchSize: 1 },
      ["IZWI_MAX_BATCH_SIZE", "2"],
      ["runtime.max_batch_size", "3"],
      { load: { maxRunning: 1 } },
      { load: { maxRunning: 2 } },
      { load: { maxRunning: 3 } },
    ],
    [
      "concurrency",
      { maxConcurrent: 1 },
      ["IZWI_MAX_CONCURRENT", "2"],
      ["runtime.max_concurrent", "3"],
      { maxConcurrent: 1 },
      { maxConcurrent: 2 },
      { maxConcurrent: 3 },
    ],
    [
      "backend",
      { backend: "cpu" },
      ["IZWI_BACKEND", "Candle"],
      ["runtime.backend", "metal"],
      { load: { backend: "cpu" } },
      { load: { backend: "candle" } },
      { load: { backend: "metal" } },
    ],
    [
      "speculation",
      { speculation: "off" },
      ["IZWI_SPECULATION", "AUTO"],
      ["runtime.speculation", "off"],
      { load: { speculation: "off" } },
      { load: { speculation: "auto" } },
      { load: { speculation: "off" } },
    ],
    [
      "draft model",
      { draftModel: "a" },
      ["IZWI_DRAFT_MODEL", "b"],
      ["runtime.draft_model", "c"],
      { load: { draftModel: "a" } },
      { load: { draftModel: "b" } },
      { load: { draftModel: "c" } },
    ],
    [
      "cors",
      { cors: true },
      ["IZWI_CORS_ORIGINS", "http://A:1/,app://x"],
      ["server.cors", "true"],
      { corsOrigins: "*" },
      { corsOrigins: ["http://a:1", "app://x"] },
      { corsOrigins: "*" },
    ],
    [
      "pages",
      { ui: false },
      ["IZWI_NO_UI", "0"],
      ["ui.enabled", "false"],
      { pages: false },
      { pages: true },
      { pages: false },
    ],
    [
      "log",
      { logLevel: "error" },
      ["IZWI_LOG_LEVEL", "TRACE"],
      ["server.log_level", "warn"],
      { logLevel: "error" },
      { logLevel: "debug" },
      { logLevel: "warn" },
    ],
    [
      "preloaded models",
      { model: ["f"] },
      ["IZWI_PRELOAD_MODELS", "a, b"],
      undefined,
      { models: ["f"] },
      { models: ["a", "b"] },
      { models: [] },
    ],
  ];
  it.each(table)("%s", (_name, flags, variable, value, fromFlag, fromEnv, fromFile) => {
    const env = Object.fromEntries(variable ? [variable] : []);
    const config = Object.fromEntries(value ? [value] : []);
    expect(settings(flags, env, config)).toMatchObject(fromFlag);
    expect(settings({}, env, config)).toMatchObject(fromEnv);
    expect(settings({}, {}, config)).toMatchObject(fromFile);
  });
});

it("answers with the chosen default model, unless the command line names another", () => {
  expect(settings({}, { IZWI_MODEL: "m" }).defaultModel).toBe("m");
  expect(settings({}, {}, { "defaults.model": "m" }).defaultModel).toBe("m");
  expect(settings({ model: ["f"] }, { IZWI_MODEL: "m" }).defaultModel).toBeUndefined();
});

it.each([
  [{}, { IZWI_PORT: "x" }, {}, "IZWI_PORT must be a whole number from 0 to 65535, not 'x'"],
  [{}, {}, { "server.port": "x" }, "server.port in /c.toml must be a whole number"],
  [{}, { IZWI_CORS: "maybe" }, {}, "IZWI_CORS must be true or false, not 'maybe'"],
  [{}, { IZWI_KV_CACHE_DTYPE: "q4_0" }, {}, "IZWI_KV_CACHE_DTYPE must be one of f16, q8_0, not 'q4_0'"],
  [{ cors: true, corsOrigins: ["http://a"] }, {}, {}, "give one of them"],
  [{ corsOrigins: ["localhost"] }, {}, {}, "An origin looks like http://localhost:5173, not 'localhost'"],
  [{ apiKey: "two words" }, {}, {}, "without spaces"],
] as [ServeFlags, Record<string, string>, Record<string, string>, string][])(
  "refuses %j with %j and %j",
  (flags, env, config, message) => {
    expect(() => settings(flags, env, config)).toThrow(UsageError);
    expect(() => settings(flags, env, config)).toThrow(message);
  },
);

describe("upstreams", () => {
  it("share a name's requests where it is given several times, with one key for all", () => {
    const upstream = ["big=http://gpu-1:8000/v1", "other=https://host/v1", "big=http://gpu-2:8000/v1"];
    expect(settings({ upstream }, { IZWI_UPSTREAM_API_KEY: "k" }).upstreams).toEqual([
      { name: "big", urls: ["http://gpu-1:8000/v1", "http://gpu-2:8000/v1"], apiKey: "k" },
      { name: "other", urls: ["https://host/v1"], apiKey: "k" },
    ]);
    const config = { "server.upstreams": "a=http://x/v1,*=http://y/v1?a=b" };
    expect(settings({}, {}, config).upstreams.map(({ name, urls }) => [name, urls])).toEqual([
      ["a", ["http://x/v1"]],
      ["*", ["http://y/v1?a=b"]],
    ]);
  });

  it.each(["big", "=http://x/v1", "big=", "big=gpu-1:8000", "big=ftp://x/v1"])("aren't %j", (text) => {
    expect(() => settings({ upstream: [text] })).toThrow(UsageError);
  });
});
