import { describe, expect, it } from "vitest";
import { z } from "zod";
import { chat } from "./chat.js";
import { scripted, type ScriptedAnswer } from "./testing/scripted.js";
import { tool } from "./tools.js";

const Person = z.object({ name: z.string(), age: z.number().int().min(0) });

function session(...answers: ScriptedAnswer[]) {
  const backend = scripted(answers);
  return { backend, session: chat({ chatBackend: backend.open }) };
}

describe("send with a schema", () => {
  it("gives the validated value and constrains the answer", async () => {
    const { session: s, backend } = session(`{"name":"Ada","age":36}`);
    const person = await s.send("Who?", { schema: Person });
    expect(person).toEqual({ name: "Ada", age: 36 });
    expect(backend.lastRequest.responseFormat).toMatchObject({
      type: "json-schema",
      schema: { type: "object", required: ["name", "age"], additionalProperties: false },
    });
    expect(s.history).toEqual([
      { role: "user", content: "Who?" },
      { role: "assistant", content: `{"name":"Ada","age":36}` },
    ]);
  });

  it("gives the schema's output: defaults and transformations are applied", async () => {
    const { session: s } = session(`{"day":"2026-11-24"}`);
    const schema = z.object({ day: z.string().transform((text) => new Date(text)), note: z.string().default("-") });
    const { day, note } = await s.send("When?", { schema });
    expect([day.getUTCFullYear(), note]).toEqual([2026, "-"]);
  });

  it("asks once more when the answer doesn't fit, and keeps only the good one", async () => {
    const schema = Person.refine(({ age }) => age < 150, { error: "nobody is that old", path: ["age"] });
    const { session: s, backend } = session(`{"name":"Ada","age":360}`, `{"name":"Ada","age":36}`);
    expect(await s.send("Who?", { schema })).toEqual({ name: "Ada", age: 36 });
    expect(backend.lastRequest.messages.slice(1).map(({ content }) => content)).toEqual([
      `{"name":"Ada","age":360}`,
      expect.stringContaining("age: nobody is that old"),
    ]);
    expect(s.history).toHaveLength(2);
    expect(s.lastReply).toMatchObject({ steps: 2, text: `{"name":"Ada","age":36}` });
  });

  it("gives more room to an answer that was cut off", async () => {
    const cut = { text: `{"name":"A`, finishReason: "length" as const };
    const { session: s, backend } = session(cut, `{"name":"Ada","age":36}`);
    expect(await s.send("Who?", { schema: Person, maxTokens: 4 })).toEqual({ name: "Ada", age: 36 });
    expect(backend.requests.map(({ maxTokens }) => maxTokens)).toEqual([4, 256]);
    expect(backend.lastRequest.messages).toHaveLength(1);
    // The text, which might go on for ever, is bounded now.
    expect(backend.requests.map(({ responseFormat }) => JSON.stringify(responseFormat).includes("maxLength"))).toEqual([
      false,
      true,
    ]);
  });

  it("fails when the second answer is no better, and the history is as before", async () => {
    const cut = { text: `{"name":"A`, finishReason: "length" as const };
    const { session: s } = session("{}", "[]", cut, cut);
    await expect(s.send("Who?", { schema: Person })).rejects.toMatchObject({
      code: "INVALID_ANSWER",
      message: expect.stringContaining("It was: []"),
    });
    await expect(s.send("Who?", { schema: Person })).rejects.toMatchObject({
      message: expect.stringContaining("maxTokens"),
    });
    expect(s.history).toEqual([]);
  });

  it("has a limit of its own, so that no endless JSON fills the context", async () => {
    const { session: s, backend } = session(`{"name":"Ada","age":36}`, `{"name":"Ada","age":36}`);
    await s.send("Who?", { schema: Person });
    await s.send("Who?", { schema: Person, thinking: { budget: 100 } });
    expect(backend.requests.map(({ maxTokens }) => maxTokens)).toEqual([2048, 2148]);
  });

  it("shows the schema to the model where it has descriptions, but not in the history", async () => {
    const schema = z.object({ mood: z.string().describe("One word.") });
    const { session: s, backend } = session(`{"mood":"glad"}`);
    await s.send("How?", { schema });
    expect(backend.lastRequest.messages[0]!.content).toMatch(/^How\?\n\nAnswer with JSON of this schema: .*One word\./);
    expect(s.history[0]!.content).toBe("How?");
  });

  it("streams the JSON, with one try", async () => {
    const { session: s } = session(`{"name":"Ada", "age":36}`, "{}");
    const stream = s.stream("Who?", { schema: Person });
    let json = "";
    for await (const piece of stream) json += piece;
    expect(JSON.parse(json)).toEqual(await stream.result);
    await expect(s.stream("Who?", { schema: Person }).result).rejects.toMatchObject({ code: "INVALID_ANSWER" });
  });

  it("lets tools be called first, in free text, then asks for the value", async () => {
    const age = tool({ execute: () => 36 });
    const { session: s, backend } = session({ toolCalls: [{ name: "age" }] }, "She is 36.", `{"name":"Ada","age":36}`);
    const stream = s.stream("How old is Ada?", { schema: Person, tools: { age } });
    let json = "";
    for await (const piece of stream) json += piece;
    expect(json).toBe(`{"name":"Ada","age":36}`);
    expect(await stream.result).toEqual({ name: "Ada", age: 36 });
    expect(backend.requests.map(({ responseFormat }) => responseFormat?.type)).toEqual([
      undefined,
      undefined,
      "json-schema",
    ]);
    expect(s.history.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "assistant"]);
  });

  it("takes any Standard Schema, with its JSON schema beside it where it has none", async () => {
    const even = {
      "~standard": {
        version: 1 as const,
        vendor: "own",
        validate: (value: unknown) =>
          typeof value === "number" && value % 2 === 0 ? { value } : { issues: [{ message: "must be even" }] },
      },
    };
    const { session: s, backend } = session("3", "4");
    expect(await s.send("?", { schema: even, jsonSchema: { type: "integer" } })).toBe(4);
    expect(backend.lastRequest.responseFormat).toEqual({ type: "json-schema", schema: { type: "integer" } });
    await expect(s.send("?", { schema: even })).rejects.toMatchObject({
      code: "INVALID_REQUEST",
      message: expect.stringContaining("jsonSchema"),
    });
  });
});
