import { describe, expect, it } from "vitest";
import { parseArgs } from "../args.js";
import type { ServeFlags } from "./serve.js";

function serve(...argv: string[]): ServeFlags {
  const invocation = parseArgs(["serve", ...argv], "1.2.3");
  if (invocation.command !== "serve") throw new Error(JSON.stringify(invocation));
  return invocation.flags;
}

function mistake(...argv: string[]): string {
  const invocation = parseArgs(["serve", ...argv], "1.2.3");
  if (invocation.command !== "say") throw new Error(`understood as ${JSON.stringify(invocation)}`);
  return `${invocation.exitCode} ${invocation.stderr}`;
}

describe("serve's flags", () => {
  const table: [string[], ServeFlags][] = [
    [[], {}],
    [["--mode", "web"], { mode: "web" }],
    [["-H", "0.0.0.0", "-p", "0"], { host: "0.0.0.0", port: 0 }],
    [["-m", "a", "--model", "b"], { model: ["a", "b"] }],
    [["--max-batch-size", "4", "--max-concurrent", "10"], { maxBatchSize: 4, maxConcurrent: 10 }],
    [["--backend", "cpu", "-t", "2", "--context-length", "4096"], { backend: "cpu", threads: 2, contextLength: 4096 }],
    [["--timeout", "0.5"], { timeout: 0.5 }],
    [["--keep-alive", "forever"], { keepAlive: Infinity }],
    [["--keep-alive=-1"], { keepAlive: Infinity }],
    [["--keep-alive", "0"], { keepAlive: 0 }],
    [["--log-level", "debug", "--log-format", "json"], { logLevel: "debug", logFormat: "json" }],
    [["--cors"], { cors: true }],
    [["--cors-origins", "http://a, http://b:1"], { corsOrigins: ["http://a", "http://b:1"] }],
    [["--allowed-hosts", "models.lan"], { allowedHosts: ["models.lan"] }],
    [["--no-ui", "--api-key", "k"], { ui: false, apiKey: "k" }],
    [["--kv-type", "q8_0"], { kvType: "q8_0" }],
  ];
  it.each(table)("%j", (argv, expected) => {
    expect(serve(...argv)).toEqual(expected);
  });

  it.each([
    [["--port", "65536"], "--port must be a whole number from 0 to 65535, not '65536'"],
    [["--port", "http"], "--port must be a whole number"],
    [["--keep-alive", "soon"], "--keep-alive must be a time such as 30s, 5m or 1h, or -1, not 'soon'"],
    [["--keep-alive", "99d"], "at most 24 days"],
    [["--kv-type", "q4_0"], "Allowed choices are f16, q8_0"],
    [["--max-batch-size", "0"], "--max-batch-size must be a whole number from 1 to 1024"],
    [["--log-level", "loud"], "Allowed choices are trace, debug, info, warn, error, off"],
    [["--mode", "tablet"], "Allowed choices are server, web, desktop"],
  ])("%j is a mistake", (argv, message) => {
    expect(mistake(...argv)).toContain(message);
    expect(mistake(...argv)).toMatch(/^2 /);
  });

  it("is also called server, and its help has examples", () => {
    expect(parseArgs(["server", "-p", "1"], "1.2.3")).toMatchObject({ command: "serve", flags: { port: 1 } });
    const help = parseArgs(["serve", "--help"], "1.2.3");
    expect(help).toMatchObject({ command: "say", exitCode: 0, stdout: expect.stringContaining("izwi serve --host") });
  });
});
