import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { chat } from "./chat.js";
import type { ReplyEvent } from "./reply.js";
import { scripted, type ScriptedAnswer } from "./testing/scripted.js";
import { tool, type Tools } from "./tools.js";
import type { ChatOptions } from "./settings.js";

const weather = tool({
  description: "The weather of a city.",
  parameters: z.object({ city: z.string(), unit: z.enum(["C", "F"]).default("C") }),
  execute: ({ city, unit }) => ({ city, degrees: 20, unit }),
});
const now = tool({ execute: () => "12:00" });

const call = (name: string, args?: Record<string, unknown> | string) => ({
  name,
  ...(args !== undefined && { arguments: args }),
});
const calls = (...toolCalls: { name: string; arguments?: Record<string, unknown> | string }[]) => ({ toolCalls });

function session(answers: ScriptedAnswer[], options: ChatOptions & { tools: Tools }) {
  const backend = scripted(answers);
  return { backend, session: chat({ ...options, chatBackend: backend.open }) };
}

describe("tools", () => {
  it("run, and the model answers with their results", async () => {
    const { session: s, backend } = session([calls(call("weather", { city: "Rome" })), "It is 20 °C in Rome."], {
      tools: { weather, now },
    });
    expect(await s.send("How warm is it in Rome?")).toBe("It is 20 °C in Rome.");
    expect(backend.requests[0]!.tools).toEqual([
      {
        type: "function",
        function: {
          name: "weather",
          description: "The weather of a city.",
          parameters: expect.objectContaining({ required: ["city"], additionalProperties: false }),
        },
      },
      { type: "function", function: { name: "now", parameters: expect.objectContaining({ properties: {} }) } },
    ]);
    expect(s.history.slice(1)).toEqual([
      {
        role: "assistant",
        content: "",
        toolCalls: [{ id: "call_1", name: "weather", arguments: `{"city":"Rome"}` }],
      },
      { role: "tool", toolCallId: "call_1", name: "weather", content: `{"city":"Rome","degrees":20,"unit":"C"}` },
      { role: "assistant", content: "It is 20 °C in Rome." },
    ]);
    expect(backend.lastRequest.messages).toEqual(s.history.slice(0, 3));
    expect(s.lastReply).toMatchObject({ steps: 2, toolRuns: [{ name: "weather", isError: false }] });
  });

  it("run side by side when called side by side, with results in the order of the calls", async () => {
    let running = 0;
    let most = 0;
    const wait = tool({
      parameters: z.object({ ms: z.number() }),
      async execute({ ms }) {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, ms));
        running -= 1;
        return `waited ${ms}`;
      },
    });
    const { session: s } = session([calls(call("wait", { ms: 10 }), call("wait", { ms: 1 })), "Done."], {
      tools: { wait },
    });
    await s.send("Wait");
    expect(most).toBe(2);
    expect(s.history.filter(({ role }) => role === "tool").map(({ content }) => content)).toEqual([
      "waited 10",
      "waited 1",
    ]);
  });

  it("tell the model what went wrong, so that it can do better", async () => {
    const broken = tool({
      execute() {
        throw new Error("no network");
      },
    });
    const script = [
      calls(call("weather", { city: 7 }), call("weather", "{broken"), call("nothing"), call("broken")),
      calls(call("weather", { city: "Rome" })),
      "20 °C.",
    ];
    const { session: s } = session(script, { tools: { weather, broken } });
    expect(await s.send("?")).toBe("20 °C.");
    const results = s.history.filter(({ role }) => role === "tool").map(({ content }) => content);
    expect(results[0]).toMatch(/^Error: The arguments are wrong: city: /);
    expect(results[1]).toBe("Error: The arguments aren't a JSON object.");
    expect(results[2]).toBe("Error: There is no tool nothing. There are: weather, broken.");
    expect(results[3]).toBe("Error: no network");
    expect(results[4]).toContain("20");
    expect(s.lastReply!.toolRuns.map(({ isError }) => isError)).toEqual([true, true, true, true, false]);
    expect(new Set(s.lastReply!.toolRuns.map(({ id }) => id)).size).toBe(5);
  });

  it("don't run when onToolCall refuses, and the model is told so", async () => {
    const seen: unknown[] = [];
    const { session: s } = session([calls(call("now"), call("weather", { city: "Rome" })), "Well."], {
      tools: { weather, now },
      onToolCall(call) {
        seen.push(call);
        return call.name !== "weather";
      },
    });
    await s.send("?");
    expect(seen).toContainEqual({ id: "call_2", name: "weather", arguments: { city: "Rome" } });
    expect(s.lastReply!.toolRuns.map(({ result }) => result)).toEqual(["12:00", "Error: The user refused this call."]);
  });

  it("end after maxSteps: the last time none are offered", async () => {
    const { session: s, backend } = session([calls(call("now")), calls(call("now")), "Enough."], {
      tools: { now },
      maxSteps: 3,
    });
    expect(await s.send("?")).toBe("Enough.");
    expect(backend.requests.map(({ toolChoice }) => toolChoice)).toEqual([undefined, "auto", "none"]);
    const one = session(["No tools."], { tools: { now }, maxSteps: 1 });
    expect(await one.session.send("?")).toBe("No tools.");
    expect(one.backend.lastRequest.toolChoice).toBe("none");
  });

  it("are forced by toolChoice in the first step only", async () => {
    const { session: s, backend } = session([calls(call("now")), "Noon."], { tools: { now } });
    await s.send("?", { toolChoice: { name: "now" } });
    expect(backend.requests.map(({ toolChoice }) => toolChoice)).toEqual([{ name: "now" }, "auto"]);
  });

  it("show in the events, with their results, and texts before a call are paragraphs of their own", async () => {
    const { session: s } = session([{ text: "Let me see.", ...calls(call("now")) }, "Noon."], { tools: { now } });
    const stream = s.stream("?");
    const events: ReplyEvent[] = [];
    let text = "";
    for await (const event of stream.events) events.push(event);
    for await (const piece of stream) text += piece;
    expect(events.map(({ type }) => type).filter((type) => type !== "text-delta")).toEqual([
      "tool-call-start",
      "tool-call-delta",
      "tool-call",
      "tool-result",
      "end",
    ]);
    expect(events.find(({ type }) => type === "tool-result")).toMatchObject({ id: "call_1", result: "12:00" });
    expect(text).toBe("Let me see.\n\nNoon.");
    expect(await stream.text).toBe(text);
  });

  it("left or aborted while one runs: the signal fires, a call never stands without its result", async () => {
    let fired = false;
    const forever = tool({
      execute: (_: unknown, { signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => {
            fired = true;
            reject(new Error("stopped"));
          });
        }),
    });
    const { session: s } = session([calls(call("now")), calls(call("forever")), calls(call("forever"))], {
      tools: { forever, now },
    });
    const stream = s.stream("?");
    for await (const event of stream.events) if (event.type === "tool-call" && event.name === "forever") break;
    await stream.reply;
    expect(fired).toBe(true);
    expect(s.history.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "assistant"]);
    expect(s.history.at(-1)).toEqual({ role: "assistant", content: "", truncated: true });
    s.clear();
    await expect(s.send("?", { signal: AbortSignal.timeout(10) })).rejects.toMatchObject({ code: "ABORTED" });
    expect(s.history).toEqual([]);
  });

  it("can't wait for the session that waits for them, but may ask a fork of it", async () => {
    const results: string[] = [];
    const { session: s } = session([calls(call("nested")), "From the fork.", "Done."], {
      tools: {
        nested: tool({
          async execute() {
            for (const waiting of [s.send("x"), s.save("never.json"), s.stream("x").text]) {
              results.push(await waiting.then(String, (error: Error) => error.message));
            }
            await using fork = s.fork();
            results.push(await fork.send("x"));
          },
        }),
      },
    });
    expect(await s.send("?")).toBe("Done.");
    expect(results).toEqual([...Array.from({ length: 3 }, () => expect.stringContaining("fork()")), "From the fork."]);
    expect(existsSync("never.json")).toBe(false);
  });

  it.each([
    ["A tool's name", { "not good": now }],
    ["tools.now", { now: {} }],
    ["tools.now.parameters", { now: { parameters: { type: "object" }, execute: () => 1 } }],
  ])("says what is wrong with %s", async (what, tools) => {
    const { session: s } = session([], { tools: tools as never });
    await expect(s.send("?")).rejects.toMatchObject({
      code: "INVALID_REQUEST",
      message: expect.stringContaining(what),
    });
  });
});
