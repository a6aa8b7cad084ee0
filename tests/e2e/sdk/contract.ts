import { IzwiError, tool, type ChatOptions, type ReplyEvent, type Session } from "@izwi/sdk";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";

/** An answer that goes on until something stops it: a long list of choices is one that can't be ended early. */
const LONG = { responseFormat: { type: "regex", pattern: "(again ){400}" } } as const;

/**
 * What every session does, wherever its model runs. `start` and `load` are given what makes it run there: see
 * contract.test.ts.
 */
export function sessionContract(where: string, start: (options?: ChatOptions) => Session, load: Load): void {
  const open: Session[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((session) => session.close()));
  });
  /** A greedy session, closed after the test. */
  const session = (options: ChatOptions = {}): Session => {
    const session = start({ temperature: 0, ...options });
    open.push(session);
    return session;
  };

  describe(`a session with a model ${where}`, () => {
    conversations(session);
    streams(session);
    stops(session);
    values(session);
    files(session, load);
  });
}

type Load = (path: string) => Promise<Session>;
type Start = (options?: ChatOptions) => Session;

function conversations(session: Start): void {
  it("remembers, and forgets after clear", async () => {
    const s = session();
    await s.send("My name is Alice.");
    expect(await s.send("What's my name?")).toContain("Alice");
    s.clear();
    expect(await s.send("What's my name?")).not.toContain("Alice");
    expect(s.history).toHaveLength(2);
  });

  it("doesn't remember with memory: false", async () => {
    const s = session({ memory: false });
    await s.send("My name is Alice.");
    expect(await s.send("What's my name?")).not.toContain("Alice");
    expect(s.history).toHaveLength(4);
  });

  it("answers in order, with counts, times and how full the context is", async () => {
    const s = session();
    const answers = await Promise.all([s.send("My name is Bob."), s.send("What's my name?")]);
    expect(answers[1]).toContain("Bob");
    expect(s.history.map(({ role }) => role)).toEqual(["user", "assistant", "user", "assistant"]);
    const { usage, timings, context, finishReason } = s.lastReply!;
    expect(finishReason).toBe("stop");
    expect(usage.promptTokens).toBeGreaterThan(20);
    expect(usage.completionTokens).toBeGreaterThan(2);
    expect(timings.timeToFirstTokenMs).toBeGreaterThan(0);
    expect(timings.tokensPerSecond).toBeGreaterThan(0);
    expect(context.used).toBe(usage.promptTokens + usage.completionTokens);
    expect(context.limit).toBeGreaterThan(context.used);
  });

  it("forks and rewinds without computing the past again", async () => {
    const s = session({ system: "You are a friendly assistant." });
    await s.send("My name is Alice.");
    await s.send("Tell me a joke.");
    const before = s.lastReply!.usage;
    const other = s.fork();
    expect(await other.send("What's my name?")).toContain("Alice");
    // All but the last block, which is cached when it's full.
    expect(other.lastReply!.usage.cachedTokens).toBeGreaterThanOrEqual(before.promptTokens - 16);
    await other.close();
    expect(s.rewind()).toBe(1);
    expect(await s.send("What's my name?")).toContain("Alice");
    const { promptTokens, cachedTokens } = s.lastReply!.usage;
    expect(promptTokens - cachedTokens).toBeLessThan(40);
    expect(s.history).toHaveLength(4);
  });

  it("says what is wrong, and goes on", async () => {
    const s = session();
    await expect(s.send("x", { temperature: -1 })).rejects.toMatchObject({ code: "INVALID_REQUEST" });
    await expect(s.send("word ".repeat(4000))).rejects.toMatchObject({ code: "CONTEXT_OVERFLOW" });
    const wrong = s.send("x", { schema: z.string(), jsonSchema: { type: "string", pattern: "(" } });
    await expect(wrong).rejects.toMatchObject({ code: "INVALID_REQUEST" });
    expect(s.history).toEqual([]);
    expect(await s.send("Hello!")).not.toBe("");
  });
}

function streams(session: Start): void {
  it("streams pieces that joined are the reply", async () => {
    const s = session();
    const stream = s.stream("Hello!");
    const pieces: string[] = [];
    for await (const piece of stream) pieces.push(piece);
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.join("")).toBe(await stream.text);
    expect(s.history.at(-1)).toEqual({ role: "assistant", content: pieces.join("") });
  });

  it("thinks only when told to, apart from the text, and no longer than the budget", async () => {
    const s = session();
    await s.send("Hello!");
    expect(s.lastReply!.reasoning).toBe("");
    const events: ReplyEvent[] = [];
    for await (const event of s.stream("Tell me a joke.", { thinking: { budget: 4 } }).events) events.push(event);
    expect(events[0]!.type).toBe("reasoning-delta");
    expect(events.at(-1)).toMatchObject({ type: "end", finishReason: "stop" });
    const { text, reasoning, usage } = s.lastReply!;
    expect(`${text}${reasoning}`).not.toMatch(/<\/?think>/);
    expect(text.trim()).not.toBe("");
    expect(usage.reasoningTokens).toBeGreaterThan(0);
    expect(usage.reasoningTokens).toBeLessThanOrEqual(8);
  });

  it("endThinking makes the answer begin", async () => {
    const s = session();
    const stream = s.stream("Hello!", { thinking: true, logitBias: {} });
    for await (const event of stream.events) if (event.type === "reasoning-delta") stream.endThinking();
    expect((await stream.text).trim()).not.toBe("");
  });
}

function stops(session: Start): void {
  it("left early, stops and keeps what has come", async () => {
    const s = session();
    let pieces = 0;
    for await (const _ of s.stream("Go on", LONG)) if (++pieces === 5) break;
    expect(await s.send("Hello!")).not.toBe("");
    expect(s.history[1]).toMatchObject({ role: "assistant", truncated: true });
    expect(s.history[1]!.content).toMatch(/^again/);
    expect(s.history[1]!.content.length).toBeLessThan(400 * 6);
  });

  it("aborted, fails and leaves the history as it was", async () => {
    const s = session();
    const controller = new AbortController();
    const stream = s.stream("Go on", { ...LONG, signal: controller.signal });
    const reading = (async () => {
      for await (const _ of stream) controller.abort();
    })();
    await expect(reading).rejects.toMatchObject({ code: "ABORTED", name: "AbortError" });
    await expect(s.send("x", { signal: AbortSignal.abort() })).rejects.toBeInstanceOf(IzwiError);
    expect(s.history).toEqual([]);
  });

  it("closed, ends what is on its way", async () => {
    const s = session();
    const stream = s.stream("Go on", LONG);
    for await (const _ of stream) {
      await s.close();
      break;
    }
    await expect(stream.text).rejects.toMatchObject({ code: "CLOSED" });
    await expect(s.send("x")).rejects.toMatchObject({ code: "CLOSED" });
  });
}

function values(session: Start): void {
  it("gives a value of a schema", async () => {
    const s = session();
    const schema = z.object({ name: z.string().max(12), mood: z.enum(["glad", "sad"]), age: z.int().min(0).max(120) });
    const value = await s.send("Make up a person.", { schema });
    expect(schema.parse(value)).toEqual(value);
    expect(JSON.parse(s.history.at(-1)!.content)).toEqual(value);
  });

  it("gives a value also where the limit cut the first answer off", async () => {
    const s = session();
    const schema = z.object({ story: z.string(), words: z.array(z.string()) });
    const value = await s.send("Write a long story.", { schema, maxTokens: 24 });
    expect(schema.parse(value)).toEqual(value);
    expect(s.history).toHaveLength(2);
  });

  it("calls tools with arguments of their schema, and answers after that", async () => {
    const calls: unknown[] = [];
    const weather = tool({
      description: "The weather of a city.",
      parameters: z.object({ city: z.enum(["Rome", "Oslo"]) }),
      execute: ({ city }) => {
        calls.push(city);
        return `It is sunny in ${city}.`;
      },
    });
    const s = session({ tools: { weather }, maxSteps: 2 });
    const stream = s.stream("How is the weather?", { toolChoice: "required" });
    const types = new Set<string>();
    for await (const event of stream.events) types.add(event.type);
    expect(["Rome", "Oslo"]).toContain(calls[0]);
    for (const type of ["tool-call-start", "tool-call-delta", "tool-call", "tool-result", "end"]) {
      expect(types).toContain(type);
    }
    const { toolRuns, steps, finishReason } = await stream.reply;
    expect(toolRuns[0]).toMatchObject({ name: "weather", isError: false });
    expect([steps, finishReason]).toEqual([2, "stop"]);
    expect(s.history.map(({ role }) => role).slice(0, 3)).toEqual(["user", "assistant", "tool"]);
  });

  it("gives one of several choices", async () => {
    const choices = ["yes", "no"];
    const answer = await session().send("Is it?", { responseFormat: { type: "choice", choices } });
    expect(choices).toContain(answer);
  });
}

function files(session: Start, load: Load): void {
  it("saved and loaded, remembers", async () => {
    const folder = mkdtempSync(join(tmpdir(), "izwi-session-"));
    try {
      const path = join(folder, "session.json");
      const s = session({ system: "You are a friendly assistant." });
      await s.send("My name is Alice.");
      await s.save(path);
      await using restored = await load(path);
      expect(restored.system).toBe("You are a friendly assistant.");
      expect(await restored.send("What's my name?")).toContain("Alice");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
