import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { endless, greedy, izwi, shell } from "./program.js";

const escape = "\u001b";

describe("izwi chat in pipes", () => {
  it("answers standard input, with nothing but the answer on standard output", async () => {
    const { stdout, stderr, code } = await izwi(["chat", ...greedy], { input: "Hello\n" });
    expect(stdout).toMatch(/^\S.*\n$/);
    expect(stdout + stderr).not.toContain(escape);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(stderr).toMatch(/built-in model/);
    expect(code).toBe(0);
  });

  it("answers --prompt joined with standard input", async () => {
    const { stdout, code } = await izwi(["chat", ...greedy, "-p", "My name is Alice"], { input: "What's my name?\n" });
    expect(stdout.trim()).not.toBe("");
    expect(code).toBe(0);
  });

  it("holds a conversation line by line with --interactive, and keeps no history", async () => {
    const state = join(tmpdir(), `izwi-e2e-state-${process.pid}`);
    const input = "My name is Alice\nWhat's my name?\nexit\n";
    const { stdout, code } = await izwi(["chat", "-i", ...greedy], { input, env: { XDG_STATE_HOME: state } });
    expect(stdout.trimEnd().split("\n").at(-1)).toContain("Alice");
    expect(code).toBe(0);
    expect(existsSync(state)).toBe(false);
  });

  it("prints one JSON object with --json", async () => {
    const { stdout, code } = await izwi(["chat", ...greedy, "-p", "Hello", "--json"]);
    const answer = JSON.parse(stdout) as { usage: Record<string, number>; timings: Record<string, number> };
    expect(answer).toMatchObject({ model: "izwi-tiny", content: expect.stringMatching(/\S/), finishReason: "stop" });
    expect(answer.usage["promptTokens"]).toBeGreaterThan(0);
    expect(answer.usage["completionTokens"]).toBeGreaterThan(0);
    expect(answer.timings["timeToFirstTokenMs"]).toBeGreaterThan(0);
    expect(code).toBe(0);
  });

  it("repeats an answer of the same seed, and cuts it at --max-tokens", async () => {
    const args = ["chat", "-p", "Hello", "--temperature", "1.5", "--seed", "42", "--json", "--max-tokens", "3"];
    const [one, two] = await Promise.all([izwi(args), izwi(args)]);
    const answer = JSON.parse(one.stdout) as { content: string };
    expect(answer).toMatchObject({ usage: { completionTokens: 3 }, finishReason: "length" });
    expect(JSON.parse(two.stdout)).toMatchObject({ content: answer.content });
  });

  it("ends quietly when the reader leaves", async () => {
    const { stdout, stderr, code } = await shell(`$izwi chat -q -p Hello ${endless.join(" ")} | head -c 5`);
    expect(Buffer.byteLength(stdout)).toBe(5);
    expect(stderr).not.toMatch(/EPIPE|error/i);
    expect(code).toBe(0);
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("stops on %s with exit code %i", async (signal, expected) => {
    const started = Date.now();
    const { code } = await izwi(["chat", "-p", "Hello", ...endless], {
      onOutput: (_stdout, child) => child.kill(signal),
    });
    expect(code).toBe(expected);
    expect(Date.now() - started).toBeLessThan(15_000);
  });
});

describe("mistakes", () => {
  it.each([
    [["chat", "--temperature", "hot"], /--temperature must be a number/],
    [["chat", "--nonsense"], /unknown option/],
    [["chat"], /standard input was empty/],
    [["chat", "-i", "--json"], /--json prints one answer/],
    [["caht"], /Did you mean 'chat'/],
    [["pull"], /Which model\?/],
  ])("%j is wrong usage: exit code 2", async (args, message) => {
    const { stdout, stderr, code } = await izwi(args);
    expect(stderr).toMatch(message);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });

  it.each([
    ["qwen3-0.6", /qwen3-0\.6b/],
    ["qwen3-chat-0.6b-4bit", /isn't installed.*izwi pull qwen3-chat-0\.6b-4bit\n$/],
    ["./nothing.gguf", /no file/],
    [process.execPath, /GGUF/],
  ])("a model %s that can't be had is a failure: exit code 1", async (model, message) => {
    const { stdout, stderr, code } = await izwi(["chat", "-p", "Hello", "-m", model]);
    expect(stderr).toMatch(message);
    expect(stdout).toBe("");
    expect(code).toBe(1);
  });

  it("says what doesn't fit the context, and what to do", async () => {
    const input = "word ".repeat(20_000);
    const { stderr, code } = await izwi(["chat", "-q"], { input });
    expect(stderr).toMatch(/\d+[^]*\d+[^]*Shorten the input, or raise --context-length/);
    expect(code).toBe(1);
  });
});

describe("izwi list and version", () => {
  it("list names the built-in model", async () => {
    const { stdout, code } = await izwi(["list", "--local", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject([{ id: "izwi-tiny", builtin: true }]);
    expect(code).toBe(0);
  });

  it("version --full tells what computes", async () => {
    const { stdout, code } = await izwi(["version", "--full"]);
    expect(stdout).toMatch(/^izwi \d+\.\d+\.\d+\nnode v\d+/);
    expect(stdout).toMatch(/^engine \S+.*thread/m);
    expect(code).toBe(0);
  });
});
