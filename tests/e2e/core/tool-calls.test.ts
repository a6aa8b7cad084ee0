import type { ChatRequest, Model, Tool } from "@izwi/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadBuiltin, read, untilIdle, type Answer } from "./built-in.js";
import { dice, isValid, randomSchema, type Schema } from "./random-schema.js";

let model: Model;
beforeAll(async () => {
  model = await loadBuiltin();
});
afterAll(() => model.close());

const messages: ChatRequest["messages"] = [{ role: "user", content: "What's the weather?" }];
const WILD = { temperature: 1.5, topK: 0, topP: 1 };

const object = (properties: Record<string, Schema>): Schema => ({
  type: "object",
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

const tool = (name: string, parameters: Schema): Tool => ({ type: "function", function: { name, parameters } });

interface Call {
  name: string;
  arguments: string;
  whole: boolean;
}

/** The calls of an answer, put together from their pieces. Throws where these contradict the whole ones. */
function callsOf({ events }: Answer): Call[] {
  const calls: Call[] = [];
  for (const event of events) {
    if (event.type === "tool-call-start") {
      if (event.index !== calls.length) throw new Error(`Call ${event.index} begins after ${calls.length} others.`);
      calls.push({ name: event.name, arguments: "", whole: false });
    }
    if (event.type === "tool-call-delta") calls[event.index]!.arguments += event.text;
    if (event.type === "tool-call") {
      const call = calls[event.index]!;
      if (call.name !== event.name || call.arguments !== event.arguments) {
        throw new Error(`${JSON.stringify(call)} became ${JSON.stringify(event)}.`);
      }
      call.whole = true;
    }
  }
  return calls;
}

describe("tool calls", () => {
  it("always parse and suit their tool when they are required", { timeout: 240_000 }, async () => {
    const names = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const random = dice(seed);
      const schemas: Record<string, Schema> = {
        get_weather: object({ city: { type: "string", minLength: 1, maxLength: 8 } }),
        other: object({ a: randomSchema(random, 2) }),
      };
      const tools = Object.entries(schemas).map(([name, schema]) => tool(name, schema));
      const request = { messages, tools, toolChoice: "required" as const, ...WILD, seed, maxTokens: 300 };
      const answer = await read(model.chat({ ...request, parallelToolCalls: seed % 2 === 0 }));
      const calls = callsOf(answer);
      expect(answer.text, `seed ${seed}`).toBe("");
      expect(calls.length).toBeGreaterThan(0);
      expect(calls.length === 1 || seed % 2 === 0, "several only where that's allowed").toBe(true);
      const whole = calls.filter((call) => call.whole);
      expect(whole.length).toBeGreaterThanOrEqual(calls.length - (answer.end.finishReason === "length" ? 1 : 0));
      for (const call of whole) {
        names.add(call.name);
        expect(isValid(JSON.parse(call.arguments), schemas[call.name]!), `seed ${seed}: ${call.arguments}`).toBe(true);
      }
      expect(["length", "tool-calls"]).toContain(answer.end.finishReason);
    }
    expect(names.size).toBe(2);
  });

  it("are one of a named tool, once", async () => {
    const tools = [tool("a", object({ n: { type: "integer", minimum: 0, maximum: 9 } })), tool("b", object({}))];
    for (const name of ["a", "b"]) {
      const answer = await read(model.chat({ messages, tools, toolChoice: { name }, ...WILD, seed: 1 }));
      expect(callsOf(answer)).toMatchObject([{ name, whole: true }]);
      expect(answer.end.finishReason).toBe("tool-calls");
    }
  });

  it("come after the thought, and a format gives way to them", async () => {
    const request: ChatRequest = {
      messages,
      tools: [tool("now", object({}))],
      toolChoice: "required",
      parallelToolCalls: false,
      thinking: { budget: 5 },
      responseFormat: { type: "choice", choices: ["x"] },
      seed: 4,
    };
    const answer = await read(model.chat(request));
    expect(callsOf(answer)).toMatchObject([{ name: "now", arguments: "{}", whole: true }]);
    expect(answer.text).toBe("");
  });

  it("don't come when there may be none, and the prompt doesn't tell of the tools", async () => {
    const request: ChatRequest = { messages, tools: [tool("now", object({}))], toolChoice: "none", maxTokens: 30 };
    expect(model.applyTemplate(request)).not.toContain("now");
    expect(callsOf(await read(model.chat(request)))).toEqual([]);
  });

  it("that are cut off begin but never become whole", async () => {
    const tools = [tool("say", object({ text: { type: "string", minLength: 500 } }))];
    const answer = await read(model.chat({ messages, tools, toolChoice: "required", maxTokens: 60, seed: 1 }));
    expect(answer.end.finishReason).toBe("length");
    const [call] = callsOf(answer);
    expect(call).toMatchObject({ name: "say", whole: false });
    expect(call!.arguments).toMatch(/^\{/);
  });

  it("can be cancelled in the middle", async () => {
    const tools = [tool("say", object({ text: { type: "string", minLength: 500 } }))];
    const controller = new AbortController();
    let deltas = 0;
    const reading = (async () => {
      const chat = model.chat({ messages, tools, toolChoice: "required" }, { signal: controller.signal });
      for await (const event of chat) if (event.type === "tool-call-delta" && ++deltas === 3) controller.abort();
    })();
    await expect(reading).rejects.toMatchObject({ code: "ABORTED" });
    await untilIdle(model);
  });

  it("of a tool whose parameters are no schema of an object are refused by its name", async () => {
    const tools = [tool("good", object({})), tool("bad", { type: "string" })];
    await expect(read(model.chat({ messages, tools }))).rejects.toMatchObject({
      code: "INVALID_REQUEST",
      message: expect.stringContaining(`"bad"`),
    });
  });
});
