import { describe, expect, it } from "vitest";
import { chat } from "./chat.js";
import type { Overflow, OverflowContext } from "./context-window.js";
import { scripted, type ScriptedAnswer } from "./testing/scripted.js";
import { tool } from "./tools.js";

/** Eight words of four letters: ten tokens, and four for the message. */
const say = (name: string) => `${name} ${"word ".repeat(8)}`.trim();
const LIMIT = 200;

function session(overflow: Overflow | undefined, answers: ScriptedAnswer[], system?: string) {
  const backend = scripted(answers, { contextLength: LIMIT });
  const options = { chatBackend: backend.open, ...(overflow && { overflow }), ...(system && { system }) };
  return { backend, session: chat(options) };
}
const many = (count: number) => Array.from({ length: count }, (_, index) => say(`a${index}`));
const contents = (messages: readonly { content: string }[]) => messages.map(({ content }) => content.split(" ")[0]);

describe("overflow: error", () => {
  it("is the default: the send fails with both numbers, and the history is as before", async () => {
    const { session: s } = session(undefined, many(20));
    let turns = 0;
    const failing = (async () => {
      for (; ; turns++) await s.send(say(`q${turns}`));
    })();
    await expect(failing).rejects.toMatchObject({ code: "CONTEXT_OVERFLOW", message: expect.stringContaining("200") });
    expect(s.history).toHaveLength(2 * turns);
    expect(s.lastReply!.context).toMatchObject({ limit: 200, dropped: 0 });
  });
});

describe("overflow: slide", () => {
  it("leaves the oldest turns out, whole ones, and keeps system prompt and history", async () => {
    const { session: s, backend } = session("slide", many(30), "S");
    for (let turn = 0; turn < 20; turn++) {
      await s.send(say(`q${turn}`));
      const { messages } = backend.lastRequest;
      expect(messages[0]).toEqual({ role: "system", content: "S" });
      expect(messages[1]!.role).toBe("user");
      expect(messages.at(-1)!.content).toBe(say(`q${turn}`));
      const { context } = s.lastReply!;
      expect(context.used).toBeLessThan(LIMIT);
      expect(context.dropped).toBe(2 * turn + 1 - (messages.length - 1));
    }
    expect(s.history).toHaveLength(40);
    expect(s.lastReply!.context.dropped).toBeGreaterThan(20);
  });

  it("slides seldom: what is left stays the same for several turns, so that it isn't computed again", async () => {
    const { session: s } = session("slide", many(40));
    const dropped: number[] = [];
    for (let turn = 0; turn < 30; turn++) {
      await s.send(say(`q${turn}`));
      dropped.push(s.lastReply!.context.dropped);
    }
    const slides = dropped.filter((value, index) => value !== (dropped[index - 1] ?? 0)).length;
    expect(slides).toBeGreaterThan(3);
    expect(slides).toBeLessThan(16);
  });

  it("keeps tool calls and their results together", async () => {
    const now = tool({ execute: () => say("r") });
    const answers = Array.from({ length: 30 }, (_, index): ScriptedAnswer[] => [
      { toolCalls: [{ name: "now" }] },
      say(`a${index}`),
    ]).flat();
    const { session: s, backend } = session("slide", answers);
    for (let turn = 0; turn < 10; turn++) {
      await s.send(say(`q${turn}`), { tools: { now } });
      for (const { messages } of backend.requests) {
        expect(messages[0]!.role).toBe("user");
        const calls = messages.flatMap((message) => (message.role === "assistant" ? (message.toolCalls ?? []) : []));
        expect(messages.filter(({ role }) => role === "tool")).toHaveLength(calls.length);
      }
    }
    expect(s.lastReply!.context.dropped).toBeGreaterThan(0);
  });

  it("fails where the newest message alone is too long", async () => {
    const { session: s } = session("slide", many(3));
    await s.send(say("q"));
    await expect(s.send("long ".repeat(300))).rejects.toMatchObject({ code: "CONTEXT_OVERFLOW" });
    expect(s.history).toHaveLength(2);
  });

  it("goes on sliding after a restart, and begins anew after clear", async () => {
    const { session: s } = session("slide", many(20));
    for (let turn = 0; turn < 10; turn++) await s.send(say(`q${turn}`));
    const { dropped } = s.lastReply!.context;
    const other = s.fork();
    await other.send("x");
    expect(other.lastReply!.context.dropped).toBe(dropped);
    s.clear();
    await s.send("y");
    expect(s.lastReply!.context.dropped).toBe(0);
  });

  it("learns from the refusal of a server that doesn't tell its limit", async () => {
    const backend = scripted(many(20), { contextLength: LIMIT });
    backend.contextLength = () => Promise.resolve(undefined as never);
    const s = chat({ chatBackend: backend.open, overflow: "slide" });
    for (let turn = 0; turn < 10; turn++) await s.send(say(`q${turn}`));
    expect(s.lastReply!.context).toMatchObject({ limit: undefined });
    expect(s.lastReply!.context.dropped).toBeGreaterThan(0);
  });
});

describe("overflow: summarize", () => {
  it("puts the model's own summary in the place of what it leaves out", async () => {
    let summaries = 0;
    const answer: ScriptedAnswer = ({ messages }) => {
      if (!messages[0]!.content.startsWith("You keep the notes")) return say("a");
      summaries += 1;
      return `Summary ${summaries}.`;
    };
    const { session: s, backend } = session(
      "summarize",
      Array.from({ length: 60 }, () => answer),
      "S",
    );
    for (let turn = 0; turn < 20; turn++) await s.send(say(`q${turn}`));
    expect(summaries).toBeGreaterThan(1);
    expect(backend.lastRequest.messages[0]!.content).toBe(`S\n\nEarlier in this conversation:\nSummary ${summaries}.`);
    const asked = backend.requests.filter(({ messages }) => messages[0]!.content.startsWith("You keep"));
    expect(asked[0]!.messages[1]!.content).toContain("User: q0");
    expect(asked[1]!.messages[1]!.content).toContain("The notes so far:\nSummary 1.");
    expect(s.history).toHaveLength(40);
  });
});

describe("overflow: a function", () => {
  it("chooses the turns that are sent", async () => {
    const seen: OverflowContext[] = [];
    const overflow: Overflow = (context) => {
      seen.push(context);
      return [context.turns[0]!, ...context.turns.slice(-1)];
    };
    const { session: s, backend } = session(overflow, many(20));
    for (let turn = 0; turn < 7; turn++) await s.send(say(`q${turn}`));
    expect(contents(backend.lastRequest.messages)).toEqual(["q0", "a0", "q5", "a5", "q6"]);
    expect(s.lastReply!.context.dropped).toBe(8);
    expect(seen[0]!.limit).toBe(LIMIT);
    expect(seen[0]!.budget).toBeLessThan(LIMIT);
    expect(await seen[0]!.count([])).toBeGreaterThan(10);
  });

  it.each([
    ["an array of turns", () => "all" as never],
    [
      "a tool call but without its result",
      () => [[{ role: "assistant", content: "", toolCalls: [{ name: "n", arguments: "{}" }] }]] as never,
    ],
  ])("is told when it doesn't return %s", async (what, overflow) => {
    const { session: s } = session(overflow as Overflow, many(20));
    const failing = (async () => {
      for (let turn = 0; turn < 20; turn++) await s.send(say(`q${turn}`));
    })();
    await expect(failing).rejects.toMatchObject({ code: "INVALID_REQUEST", message: expect.stringContaining(what) });
  });
});
