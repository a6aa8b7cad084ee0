import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { chat } from "./chat.js";
import { IzwiError } from "./index.js";
import type { ReplyEvent } from "./reply.js";
import { scripted, type ScriptedAnswer, type ScriptedOptions } from "./testing/scripted.js";
import type { ChatOptions } from "./settings.js";
import { tool } from "./tools.js";

function session(answers: ScriptedAnswer[], options: ChatOptions = {}, model?: ScriptedOptions) {
  const backend = scripted(answers, model);
  return { backend, session: chat({ ...options, chatBackend: backend.open }) };
}

const roles = (messages: { role: string; content: string }[]) =>
  messages.map(({ role, content }) => `${role}: ${content}`);
const slow = (text: string) => ({ text, delayMs: 5 });

describe("send", () => {
  it("gives the answer and keeps the conversation", async () => {
    const { session: s, backend } = session(["Hello Alice!", "Your name is Alice."], { system: "Be brief." });
    expect(await s.send("My name is Alice")).toBe("Hello Alice!");
    expect(await s.sendAsync("What's my name?")).toBe("Your name is Alice.");
    expect(roles(backend.lastRequest.messages)).toEqual([
      "system: Be brief.",
      "user: My name is Alice",
      "assistant: Hello Alice!",
      "user: What's my name?",
    ]);
    expect(s.history).toEqual([
      { role: "user", content: "My name is Alice" },
      { role: "assistant", content: "Hello Alice!" },
      { role: "user", content: "What's my name?" },
      { role: "assistant", content: "Your name is Alice." },
    ]);
  });

  it("uses no system message where there is no system prompt, and doesn't think unless told to", async () => {
    const { session: s, backend } = session(["a", "b"]);
    await s.send("1");
    expect(backend.lastRequest).toEqual({ messages: [{ role: "user", content: "1" }], thinking: false });
    await s.send("2", { thinking: { budget: 8 }, temperature: 0 });
    expect(backend.lastRequest).toMatchObject({ thinking: { budget: 8 }, temperature: 0 });
  });

  it("passes the session's settings on, and a send's own before them", async () => {
    const { session: s, backend } = session(["a", "b"], { temperature: 0, seed: 7, maxTokens: 9, stop: "x" });
    expect([s.temperature, chat().temperature]).toEqual([0, 0.7]);
    await s.send("1");
    expect(backend.lastRequest).toMatchObject({ temperature: 0, seed: 7, maxTokens: 9, stop: "x" });
    await s.send("2", { seed: 8 });
    expect(backend.lastRequest).toMatchObject({ temperature: 0, seed: 8 });
  });

  it("answers in the order of asking", async () => {
    const { session: s } = session([slow("one two three"), "second", "third"]);
    const all = [s.send("1"), s.send("2"), s.stream("3").text];
    expect(await Promise.all(all)).toEqual(["one two three", "second", "third"]);
    expect(s.history.map(({ content }) => content)).toEqual(["1", "one two three", "2", "second", "3", "third"]);
  });

  it("may be asked for many at once, with one signal", async () => {
    const warned = vi.fn();
    process.on("warning", warned);
    const { session: s } = session(Array.from({ length: 30 }, (_, index) => `a${index}`));
    const { signal } = new AbortController();
    const answers = await Promise.all(Array.from({ length: 30 }, (_, index) => s.send(`${index}`, { signal })));
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", warned);
    expect(answers.at(-1)).toBe("a29");
    expect(warned).not.toHaveBeenCalled();
  });

  it("leaves the history as it was when it fails, and goes on", async () => {
    const { session: s } = session(["a", { text: "half an", error: new IzwiError("QUEUE_FULL", "Too many.") }, "b"]);
    await s.send("1");
    await expect(s.send("2")).rejects.toMatchObject({ code: "QUEUE_FULL" });
    expect(s.history).toHaveLength(2);
    expect(await s.send("3")).toBe("b");
    expect(s.history).toHaveLength(4);
  });

  it("leaves the history as it was when it is aborted, before, during and while it waits", async () => {
    const { session: s, backend } = session([slow("one two three four"), "b"]);
    await expect(s.send("1", { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
    expect(backend.requests).toHaveLength(0);
    const controller = new AbortController();
    const running = s.send("2", { signal: controller.signal });
    const waiting = s.send("3", { signal: controller.signal });
    setTimeout(() => controller.abort(new Error("enough")), 8);
    await expect(waiting).rejects.toMatchObject({ code: "ABORTED" });
    await expect(running).rejects.toMatchObject({ code: "ABORTED", cause: new Error("enough") });
    expect(s.history).toEqual([]);
    expect(await s.send("4")).toBe("b");
  });

  it.each([
    ["message", [7], {}],
    ["temperature", ["x"], { temperature: "hot" }],
    ["thinking", ["x"], { thinking: "yes" }],
    ["maxSteps", ["x"], { maxSteps: 0 }],
    ["toolChoice", ["x"], { toolChoice: "required" }],
    ["schema", ["x"], { schema: {} }],
  ])("names the wrong %s", async (field, [message], options) => {
    const { session: s } = session(["a"]);
    const sending = s.send(message as string, options as never);
    await expect(sending).rejects.toMatchObject({ code: "INVALID_REQUEST", message: expect.stringContaining(field) });
  });

  it("tells everything about the newest answer", async () => {
    const { session: s } = session(["one two"]);
    expect(s.lastReply).toBeUndefined();
    await s.send("Hi");
    expect(s.lastReply).toMatchObject({
      text: "one two",
      finishReason: "stop",
      steps: 1,
      model: "scripted",
      usage: { promptTokens: 5, completionTokens: 2 },
      context: { used: 7, limit: 4096, dropped: 0 },
    });
  });
});

describe("memory: false", () => {
  it("shows the model the system prompt and the newest message only, and keeps the history", async () => {
    const { session: s, backend } = session(["a", "b"], { memory: false, system: "S" });
    await s.send("1");
    await s.send("2");
    expect(roles(backend.lastRequest.messages)).toEqual(["system: S", "user: 2"]);
    expect(s.history).toHaveLength(4);
  });
});

describe("stream", () => {
  it("gives pieces that joined are the reply", async () => {
    const { session: s } = session(["Once upon a time."]);
    const pieces: string[] = [];
    for await (const piece of s.stream("Tell")) pieces.push(piece);
    expect(pieces.length).toBeGreaterThan(2);
    expect(pieces.join("")).toBe("Once upon a time.");
    expect(s.history.at(-1)).toEqual({ role: "assistant", content: "Once upon a time." });
  });

  it("has text, events, reply and usage of the same answer, in any order", async () => {
    const { session: s } = session([{ reasoning: "Hm, well.", text: "Forty two." }]);
    const stream = s.stream("?", { thinking: true });
    const events: ReplyEvent[] = [];
    for await (const event of stream.events) events.push(event);
    expect(events.map(({ type }) => type)).toEqual([
      "reasoning-delta",
      "reasoning-delta",
      "text-delta",
      "text-delta",
      "end",
    ]);
    expect(events.at(-1)).toMatchObject({ type: "end", text: "Forty two.", reasoning: "Hm, well." });
    expect(await stream.text).toBe("Forty two.");
    expect((await stream.reply).timings.tokensPerSecond).toBe(1000);
    expect((await stream.usage).reasoningTokens).toBe(2);
    let again = "";
    for await (const piece of stream) again += piece;
    expect(again).toBe("Forty two.");
  });

  it("isn't a promise, so that an async function can return it", async () => {
    const { session: s } = session(["a b"]);
    const returned = await (async () => s.stream("x"))();
    expect(await returned.text).toBe("a b");
  });

  it("comes also when nobody reads it, and its failure is nobody's then", async () => {
    const { session: s } = session(["a", { error: new IzwiError("INTERNAL", "broken") }, "c"]);
    s.stream("1");
    s.stream("2");
    expect(await s.send("3")).toBe("c");
    expect(s.history.map(({ content }) => content)).toEqual(["1", "a", "3", "c"]);
  });

  it("keeps what has come, marked as truncated, when the loop is left", async () => {
    const { session: s, backend } = session([slow("one two three four five"), "next"]);
    for await (const piece of s.stream("Count")) if (piece.includes("two")) break;
    expect(await s.send("Go on")).toBe("next");
    expect(s.history[1]).toMatchObject({ role: "assistant", truncated: true });
    expect(s.history[1]!.content).toMatch(/^one two/);
    expect(s.history[1]!.content).not.toContain("five");
    expect(backend.lastRequest.messages[1]).toEqual({ role: "assistant", content: s.history[1]!.content });
  });

  it("abort() does the same: iterations end, text is what has come", async () => {
    const { session: s } = session([slow("one two three four five")]);
    const stream = s.stream("Count");
    const pieces: string[] = [];
    for await (const event of stream.events) {
      if (event.type === "text-delta") pieces.push(event.text);
      if (pieces.length === 2) stream.abort();
    }
    expect(await stream.text).toBe(pieces.join(""));
    expect(await stream.reply).toMatchObject({ finishReason: "left" });
    expect(s.history).toHaveLength(2);
  });

  it("has settled when the loop has been left, and doesn't wait for the sends before it", async () => {
    const { session: s } = session([slow("one two three"), slow("four five six"), "seven"]);
    const first = s.stream("1");
    const second = s.stream("2");
    for await (const event of second.events) if (event.type === "text-delta") break;
    expect(s.history.map(({ content }) => content)).toEqual(["1", "one two three", "2", "four"]);
    const third = s.stream("3");
    const fourth = s.stream("4");
    fourth.abort();
    expect(await fourth.text).toBe("");
    expect(await first.text).toBe("one two three");
    third.abort();
    await third.reply;
  });

  it("left before anything has come, nothing has happened", async () => {
    const { session: s } = session([slow("one two"), "b"]);
    const stream = s.stream("1");
    stream.abort();
    expect(await stream.text).toBe("");
    expect(s.history).toEqual([]);
    expect((await stream.reply).finishReason).toBe("left");
  });

  it("throws from the iteration when it fails or its signal fires", async () => {
    const { session: s } = session([{ text: "a b", error: new IzwiError("INTERNAL", "broken") }, slow("a b c d e f")]);
    const read = async (stream: AsyncIterable<string>) => {
      let text = "";
      for await (const piece of stream) text += piece;
      return text;
    };
    await expect(read(s.stream("1"))).rejects.toThrow("broken");
    await expect(read(s.stream("2", { signal: AbortSignal.timeout(8) }))).rejects.toMatchObject({ code: "ABORTED" });
    expect(s.history).toEqual([]);
  });

  it("ends the thought when told to", async () => {
    const { session: s } = session([{ reasoning: "on and on and on", text: "Yes.", delayMs: 3 }]);
    const stream = s.stream("?", { thinking: true });
    for await (const event of stream.events) if (event.type === "reasoning-delta") stream.endThinking();
    const reply = await stream.reply;
    expect(reply.text).toBe("Yes.");
    expect(reply.reasoning).toBe("on");
    expect(s.history.at(-1)).toEqual({ role: "assistant", content: "Yes.", reasoningContent: "on" });
  });
});

describe("clear, reset, rewind and fork", () => {
  it("clear forgets what was said and keeps the system prompt", async () => {
    const { session: s, backend } = session(["a", "b"], { system: "S" });
    await s.send("1");
    s.clear();
    expect(s.history).toEqual([]);
    await s.send("2");
    expect(roles(backend.lastRequest.messages)).toEqual(["system: S", "user: 2"]);
  });

  it("an answer on its way isn't recorded after clear", async () => {
    const { session: s } = session([slow("a b c")]);
    const sending = s.send("1");
    await vi.waitFor(() => expect(s.model).toBe("scripted"));
    await new Promise((resolve) => setTimeout(resolve, 3));
    s.clear();
    expect(await sending).toBe("a b c");
    expect(s.history).toEqual([]);
  });

  it("reset changes the system prompt, too", async () => {
    const { session: s } = session(["a"], { system: "S" });
    await s.send("1");
    s.reset({ system: "T" });
    expect([s.system, s.history]).toEqual(["T", []]);
    s.reset();
    expect(s.system).toBeUndefined();
  });

  it("rewind takes back whole turns", async () => {
    const { session: s, backend } = session(["a", "b", "c", "d"]);
    for (const message of ["1", "2", "3"]) await s.send(message);
    expect(s.rewind(2)).toBe(2);
    expect(s.history.map(({ content }) => content)).toEqual(["1", "a"]);
    await s.send("4");
    expect(roles(backend.lastRequest.messages)).toEqual(["user: 1", "assistant: a", "user: 4"]);
    expect(s.rewind(9)).toBe(2);
    expect(() => s.rewind(-1)).toThrow(IzwiError);
  });

  it("fork goes its own way with the same past", async () => {
    const { session: s, backend } = session(["a", "b", "c"], { system: "S", temperature: 0 });
    await s.send("1");
    const other = s.fork();
    expect(await other.send("2")).toBe("b");
    expect(backend.lastRequest).toMatchObject({ temperature: 0 });
    expect(roles(backend.lastRequest.messages)).toEqual(["system: S", "user: 1", "assistant: a", "user: 2"]);
    expect([s.history.length, other.history.length]).toEqual([2, 4]);
    expect(backend.users).toBe(2);
    await s.close();
    expect(backend.users).toBe(1);
    await other.close();
    expect(backend.users).toBe(0);
  });

  it("the history that is handed out is a copy", async () => {
    const { session: s } = session(["a"]);
    await s.send("1");
    s.history[0]!.content = "changed";
    s.history.pop();
    expect(s.history).toHaveLength(2);
    expect(s.history[0]!.content).toBe("1");
  });
});

describe("close", () => {
  it("ends what is on its way, releases once, and refuses what comes after", async () => {
    const { session: s, backend } = session([slow("one two three four five six")]);
    const running = s.send("1");
    const waiting = s.send("2");
    await new Promise((resolve) => setTimeout(resolve, 8));
    const closing = [s.close(), s.close()];
    await expect(running).rejects.toMatchObject({ code: "CLOSED" });
    await expect(waiting).rejects.toMatchObject({ code: "CLOSED" });
    await Promise.all(closing);
    expect(backend.users).toBe(0);
    expect(s.closed).toBe(true);
    await expect(s.send("3")).rejects.toMatchObject({ code: "CLOSED" });
    await expect(s.save("x.json")).rejects.toMatchObject({ code: "CLOSED" });
    expect(() => s.fork()).toThrow(/closed/);
  });

  it("happens at the end of await using and of using", async () => {
    const { session: s, backend } = session(["a"]);
    {
      await using inner = s;
      await inner.send("1");
      expect(backend.users).toBe(1);
    }
    expect(backend.users).toBe(0);
    const other = session(["a"]);
    {
      using inner = other.session;
      await inner.send("1");
    }
    await vi.waitFor(() => expect(other.backend.users).toBe(0));
  });

  it("doesn't wait for a model that is still loading, which is given back when it comes", async () => {
    const backend = scripted([]);
    let loaded = (): void => undefined;
    const loading = new Promise<void>((resolve) => {
      loaded = resolve;
    });
    const s = chat({ chatBackend: () => loading.then(backend.open) });
    const sending = s.send("x");
    const ready = s.ready();
    await s.close();
    await expect(sending).rejects.toMatchObject({ code: "CLOSED" });
    await expect(ready).rejects.toMatchObject({ code: "CLOSED" });
    loaded();
    await vi.waitFor(() => expect(backend.users).toBe(0));
  });

  it("a model that never opened is no matter", async () => {
    const s = chat({ chatBackend: () => Promise.reject(new IzwiError("OUT_OF_MEMORY", "too big")) });
    await expect(s.send("x")).rejects.toMatchObject({ code: "OUT_OF_MEMORY" });
    await s.close();
  });
});

describe("opening the model", () => {
  it("waits for the first send or ready(), and tries again after a failure", async () => {
    const backend = scripted(["a"]);
    const open = vi.fn(backend.open).mockRejectedValueOnce(new IzwiError("MODEL_NOT_FOUND", "gone"));
    const s = chat({ chatBackend: open });
    expect(open).not.toHaveBeenCalled();
    await expect(s.ready()).rejects.toThrow("gone");
    await s.ready();
    await s.send("x");
    expect(open).toHaveBeenCalledTimes(2);
  });

  it("an abort doesn't wait for it", async () => {
    const s = chat({ chatBackend: () => new Promise(() => undefined) });
    await expect(s.send("x", { signal: AbortSignal.timeout(5) })).rejects.toMatchObject({ code: "ABORTED" });
  });
});

describe("options", () => {
  it.each([
    ["system", { system: 7 }],
    ["memory", { memory: "yes" }],
    ["overflow", { overflow: "drop" }],
    ["temperature", { temperature: "hot" }],
    ["chatBackend", { chatBackend: {} }],
  ])("names the wrong %s at once", (field, options) => {
    expect(() => chat(options as never)).toThrow(new RegExp(`${field} must be`));
  });

  it("types: a schema's output is the result, and tools infer their arguments", async () => {
    const { session: s } = session([`{"n":1}`]);
    const result: { n: number } = await s.send("x", { schema: z.object({ n: z.number() }) });
    expect(result).toEqual({ n: 1 });
    tool({ parameters: z.object({ city: z.string() }), execute: ({ city }) => city.toUpperCase() });
  });
});
