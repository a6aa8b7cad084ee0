import { generateObject, generateText, NoSuchModelError, stepCountIs, streamText, tool, Output } from "ai";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { scripted, type ScriptedAnswer } from "../testing/scripted.js";
import { createIzwi } from "./index.js";

function provider(...answers: ScriptedAnswer[]) {
  const backend = scripted(answers);
  return { backend, izwi: createIzwi({ chatBackend: backend.open }) };
}

describe("with the AI SDK", () => {
  it("generateText answers, with counts and settings", async () => {
    const { backend, izwi } = provider({ reasoning: "Hm.", text: "Hello there." });
    const result = await generateText({
      model: izwi("qwen3-test", { thinking: true }),
      system: "Be brief.",
      prompt: "Hello",
      temperature: 0,
      seed: 7,
      maxOutputTokens: 30,
      stopSequences: ["END"],
    });
    expect([result.text, result.reasoningText, result.finishReason]).toEqual(["Hello there.", "Hm.", "stop"]);
    expect(result.usage).toMatchObject({ outputTokens: 3, outputTokenDetails: { reasoningTokens: 1, textTokens: 2 } });
    expect(result.providerMetadata?.["izwi"]?.["timings"]).toMatchObject({ tokensPerSecond: 1000 });
    expect(backend.lastRequest).toEqual({
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Hello" },
      ],
      thinking: true,
      temperature: 0,
      seed: 7,
      maxTokens: 30,
      stop: ["END"],
    });
  });

  it("streamText streams text and thoughts apart", async () => {
    const { izwi } = provider({ reasoning: "Hm, well.", text: "One two three." });
    const result = streamText({ model: izwi("m"), prompt: "Count" });
    const types: string[] = [];
    for await (const part of result.fullStream) types.push(part.type);
    expect(types.filter((type) => !type.endsWith("-delta"))).toEqual([
      "start",
      "start-step",
      "reasoning-start",
      "reasoning-end",
      "text-start",
      "text-end",
      "finish-step",
      "finish",
    ]);
    expect(await result.text).toBe("One two three.");
  });

  it("runs tools, and gives their results back to the model", async () => {
    const { backend, izwi } = provider({ toolCalls: [{ name: "add", arguments: { a: 2, b: 3 } }] }, "It is 5.");
    const result = await generateText({
      model: izwi("m"),
      prompt: "2 + 3?",
      tools: {
        add: tool({
          description: "Adds.",
          inputSchema: z.object({ a: z.number(), b: z.number() }),
          execute: ({ a, b }) => ({ sum: a + b }),
        }),
      },
      toolChoice: { type: "tool", toolName: "add" },
      prepareStep: ({ stepNumber }) => (stepNumber > 0 ? { toolChoice: "auto" } : {}),
      stopWhen: stepCountIs(3),
    });
    expect(result.text).toBe("It is 5.");
    expect(backend.requests[0]).toMatchObject({
      toolChoice: { name: "add" },
      tools: [{ type: "function", function: { name: "add", description: "Adds." } }],
    });
    expect(backend.lastRequest.messages.slice(1)).toMatchObject([
      { role: "assistant", toolCalls: [{ name: "add", arguments: `{"a":2,"b":3}` }] },
      { role: "tool", name: "add", content: `{"sum":5}` },
    ]);
  });

  it("streams a tool call's arguments", async () => {
    const { izwi } = provider({ toolCalls: [{ name: "now", arguments: { zone: "UTC" } }] });
    const now = tool({ inputSchema: z.object({ zone: z.string() }) });
    const result = streamText({ model: izwi("m"), prompt: "?", tools: { now } });
    const types: string[] = [];
    for await (const part of result.fullStream) if (part.type.startsWith("tool")) types.push(part.type);
    expect(types).toEqual(["tool-input-start", "tool-input-delta", "tool-input-end", "tool-call"]);
    expect(await result.finishReason).toBe("tool-calls");
  });

  it("generateObject and Output.object constrain the answer", async () => {
    const { backend, izwi } = provider(`{"city":"Rome"}`, `{"city":"Oslo"}`);
    const schema = z.object({ city: z.string() });
    expect((await generateObject({ model: izwi("m"), schema, prompt: "Where?" })).object).toEqual({ city: "Rome" });
    expect(backend.lastRequest.responseFormat).toMatchObject({
      type: "json-schema",
      schema: { properties: { city: { type: "string" } }, additionalProperties: false },
    });
    const { output } = await generateText({ model: izwi("m"), prompt: "Where?", output: Output.object({ schema }) });
    expect(output).toEqual({ city: "Oslo" });
  });

  it("stops when it's aborted", async () => {
    const { izwi } = provider({ text: "one two three four five six", delayMs: 5 });
    const controller = new AbortController();
    const result = streamText({ model: izwi("m"), prompt: "Count", abortSignal: controller.signal });
    const types: string[] = [];
    for await (const part of result.fullStream) {
      types.push(part.type);
      if (part.type === "text-delta") controller.abort();
    }
    expect(types.at(-1)).toBe("abort");
    expect(types.filter((type) => type === "text-delta").length).toBeLessThan(4);
  });

  it("says what it can't do", async () => {
    const { izwi } = provider("a");
    const image = { type: "image" as const, image: new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10]) };
    const asking = generateText({ model: izwi("m"), messages: [{ role: "user", content: [image] }] });
    await expect(asking).rejects.toThrow(/files in a message \(image\/png\)/);
    expect(() => izwi.embeddingModel("m")).toThrow(NoSuchModelError);
    const thinking = { izwi: { thinking: "yes" } };
    await expect(generateText({ model: izwi("m"), prompt: "x", providerOptions: thinking })).rejects.toThrow(
      /thinking/,
    );
  });

  it("loads a model once, and close() frees it", async () => {
    const { backend, izwi } = provider("a", "b");
    await generateText({ model: izwi("m"), prompt: "1" });
    await generateText({
      model: izwi.languageModel("m"),
      prompt: "2",
      providerOptions: { izwi: { thinking: { budget: 4 } } },
    });
    expect(backend.lastRequest.thinking).toEqual({ budget: 4 });
    expect(backend.users).toBe(1);
    await izwi.close();
    expect(backend.users).toBe(0);
  });
});
