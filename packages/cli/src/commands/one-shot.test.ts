import { IzwiError } from "@izwi/core";
import { describe, expect, it } from "vitest";
import { end, words } from "../fakes/fake-core.js";
import { FakeWorld } from "../fakes/fake-world.js";

const installed = ["qwen3-chat-0.6b-4bit", "other"];

describe("izwi chat, one-shot", () => {
  it("prints the answer and nothing else on standard output", async () => {
    const world = new FakeWorld({ installed });
    expect(await world.run("chat", "-p", "hi")).toBe(0);
    expect(world.stdout.text).toBe("Hello! How can I help you today?\n");
    expect(world.stderr.text).toBe("");
    expect(world.core.model.closed).toBe(true);
    expect(world.core.model.requests).toEqual([{ messages: [{ role: "user", content: "hi" }], thinking: false }]);
  });

  it("takes the prompt from a pipe, and joins both", async () => {
    const piped = new FakeWorld({ installed });
    piped.type("My name is\nBob\n");
    await piped.run("chat");
    expect(piped.core.model.requests[0]!.messages).toEqual([{ role: "user", content: "My name is\nBob" }]);

    const both = new FakeWorld({ installed });
    both.type("the text\n");
    await both.run("chat", "-p", "Summarise", "-s", "Be brief");
    expect(both.core.model.requests[0]!.messages).toEqual([
      { role: "system", content: "Be brief" },
      { role: "user", content: "Summarise\n\nthe text" },
    ]);
  });

  it("doesn't wait for a keyboard when there is a prompt", async () => {
    const world = new FakeWorld({ installed, terminal: true });
    expect(await world.start("chat", "-p", "hi")).toBe(0);
    expect(world.stdout.text).toBe("Hello! How can I help you today?\n");
  });

  it("passes the settings on", async () => {
    const world = new FakeWorld({ installed });
    const sampling = ["--temperature", "0", "--top-k", "5", "--seed", "7", "--max-tokens", "9"];
    const load = ["--threads", "2", "--context-length", "512", "--backend", "cpu", "--models-dir", "/m"];
    await world.run("chat", "-m", "other", "-p", "hi", "--think", "--stop", "A", "--stop", "B", ...sampling, ...load);
    expect(world.core.model.requests[0]).toMatchObject({
      thinking: true,
      temperature: 0,
      topK: 5,
      seed: 7,
      maxTokens: 9,
      stop: ["A", "B"],
    });
    expect(world.core.loaded[0]).toMatchObject({
      name: "other",
      options: { threads: 2, contextLength: 512, backend: "cpu", modelsDir: "/m" },
    });
  });

  it("prints one JSON object", async () => {
    const answer = () => [{ type: "reasoning-delta" as const, text: "Hm." }, ...words("Yes.")];
    const world = new FakeWorld({ installed, answer });
    expect(await world.run("chat", "-p", "hi", "--json")).toBe(0);
    const { usage, timings } = end();
    expect(JSON.parse(world.stdout.text)).toEqual({
      model: "qwen3-chat-0.6b-4bit",
      content: "Yes.",
      reasoning: "Hm.",
      finishReason: "stop",
      usage,
      timings,
    });
  });

  it("shows thinking on a terminal only, and never as data", async () => {
    const answer = () => [{ type: "reasoning-delta" as const, text: "\nHm.\u001b[2J" }, ...words("Yes.")];
    const pipe = new FakeWorld({ installed, answer });
    await pipe.run("chat", "-p", "hi", "--think");
    expect([pipe.stdout.text, pipe.stderr.text]).toEqual(["Yes.\n", ""]);

    const terminal = new FakeWorld({ installed, answer, terminal: { stderr: true }, env: { NO_COLOR: "1" } });
    await terminal.run("chat", "-p", "hi", "--think", "-q");
    expect(terminal.stdout.text).toBe("Yes.\n");
    expect(terminal.stderr.text).toBe("Thinking…\nHm.[2J\n… done thinking.\n\n");
  });

  it("tells figures when asked, a cut answer always", async () => {
    const world = new FakeWorld({ installed, answer: () => words("cut", "length") });
    await world.run("chat", "-p", "hi", "--stats");
    expect(world.stdout.text).toBe("cut\n");
    expect(world.stderr.text).toMatch(/^The answer was cut.*\nTTFT 180 ms · .* \(75 cached\)\n$/);
  });

  it("doesn't add a newline to one that is there", async () => {
    const world = new FakeWorld({ installed, answer: () => words("line\n") });
    await world.run("chat", "-p", "hi");
    expect(world.stdout.text).toBe("line\n");
  });
});

describe("izwi chat, one-shot, when things go wrong", () => {
  it("is wrong usage when there is nothing to answer", async () => {
    const world = new FakeWorld({ installed });
    expect(await world.run("chat")).toBe(2);
    expect(world.stderr.text).toMatch(/^error: There is nothing to answer: standard input was empty/);
  });

  it("fails with what the engine says and what to do", async () => {
    const overflow = new IzwiError("CONTEXT_OVERFLOW", "The prompt has 900 tokens, the context holds 512.");
    const world = new FakeWorld({ installed, answer: () => [overflow] });
    expect(await world.run("chat", "-p", "hi")).toBe(1);
    expect(world.stdout.text).toBe("");
    expect(world.stderr.text).toBe(
      "error: The prompt has 900 tokens, the context holds 512.\nShorten the input, or raise --context-length.\n",
    );
    expect(world.core.model.closed).toBe(true);
  });

  it("ends with 130 on SIGINT and 143 on SIGTERM, the model closed", async () => {
    for (const [signal, code] of [
      ["SIGINT", 130],
      ["SIGTERM", 143],
    ] as const) {
      const world = new FakeWorld({ installed, answer: () => [{ type: "text-delta", text: "On and" }, "wait"] });
      const ending = world.start("chat", "-p", "hi");
      world.stdin.end();
      await world.shows("On and", "stdout");
      world.signals.emit(signal);
      expect(await ending).toBe(code);
      expect(world.stdout.text).toBe("On and\n");
      expect(world.core.model.closed).toBe(true);
    }
  });

  it("can be interrupted while it waits for its input", async () => {
    const world = new FakeWorld({ installed });
    const ending = world.start("chat");
    await new Promise((resolve) => setImmediate(resolve));
    world.signals.emit("SIGINT");
    expect(await ending).toBe(130);
    expect(world.stderr.text).toBe("");
  });

  it("ends quietly when the reader leaves", async () => {
    const world = new FakeWorld({ installed, answer: () => [{ type: "text-delta", text: "On and" }, "wait"] });
    const ending = world.start("chat", "-p", "hi");
    world.stdin.end();
    await world.shows("On and", "stdout");
    world.stdout.destroy(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
    expect(await ending).toBe(0);
    expect(world.stderr.text).toBe("");
    expect(world.core.model.closed).toBe(true);
  });
});

describe("choosing a model", () => {
  it("takes the built-in one for the default, and says so in one line", async () => {
    const world = new FakeWorld();
    expect(await world.run("chat", "-p", "hi")).toBe(0);
    expect(world.core.loaded[0]!.name).toBe("izwi-tiny");
    expect(world.stdout.text).toBe("Hello! How can I help you today?\n");
    const lines = world.stderr.text.trimEnd().split("\n");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/built-in model \(izwi-tiny\) answers.*izwi pull qwen3-chat-0\.6b-4bit$/);
  });

  it.each([
    [["-m", "qwen3-chat-0.6b-4bit"], {}],
    [["-m", "nope"], {}],
    [[], { IZWI_MODEL: "nope" }],
  ])("fails for a model that was asked for and isn't there: %j %j", async (flags, env) => {
    const world = new FakeWorld({ env });
    expect(await world.run("chat", "-p", "hi", ...flags)).toBe(1);
    expect(world.stderr.text).toMatch(/^error: No model is called.*Did you mean izwi-tiny/);
    expect(world.core.loaded).toEqual([]);
  });

  it("tells why a model can't be loaded", async () => {
    const loadError = new IzwiError("OUT_OF_MEMORY", "The KV cache needs 9 GB.");
    const world = new FakeWorld({ loadError });
    expect(await world.run("chat", "-p", "hi")).toBe(1);
    expect(world.stderr.text).toBe(
      "error: The KV cache needs 9 GB.\nUse a smaller --context-length or a smaller model.\n",
    );
  });

  it("says why it doesn't speak, and answers in text", async () => {
    const world = new FakeWorld({ installed });
    expect(await world.run("chat", "-p", "hi", "-v", "nobody", "--voice-out", "unused.wav")).toBe(0);
    expect(world.stderr.text).toMatch(/^Answers are text only\. voice must be one of default, hum.*\n$/);
    expect(world.stdout.text).toBe("Hello! How can I help you today?\n");
  });
});
