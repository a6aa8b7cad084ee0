/** The Vercel AI SDK with a model in this process. */
import { createIzwi, izwi } from "@izwi/sdk/ai";
import { generateObject, generateText, stepCountIs, streamText, tool } from "ai";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";

const model = izwi("builtin");
afterAll(() => izwi.close());

describe("the AI SDK", () => {
  it("generateText, with a conversation", async () => {
    const { text, usage, finishReason } = await generateText({
      model,
      temperature: 0,
      messages: [
        { role: "user", content: "My name is Alice." },
        { role: "assistant", content: "Nice to meet you, Alice!" },
        { role: "user", content: "What's my name?" },
      ],
    });
    expect(text).toContain("Alice");
    expect(finishReason).toBe("stop");
    expect(usage.inputTokens).toBeGreaterThan(10);
    expect(usage.outputTokens).toBeGreaterThan(2);
  });

  it("streamText", async () => {
    const result = streamText({ model, prompt: "Hello!", temperature: 0 });
    const pieces: string[] = [];
    for await (const piece of result.textStream) pieces.push(piece);
    expect(pieces.length).toBeGreaterThan(1);
    expect(await result.text).toBe(pieces.join(""));
  });

  it("generateObject", async () => {
    const schema = z.object({ mood: z.enum(["glad", "sad"]), score: z.int().min(0).max(9) });
    const { object } = await generateObject({ model, schema, prompt: "How are you?", temperature: 0 });
    expect(schema.parse(object)).toEqual(object);
  });

  it("tools", async () => {
    const result = await generateText({
      model,
      prompt: "What time is it in Rome?",
      temperature: 0,
      tools: {
        time: tool({
          inputSchema: z.object({ city: z.enum(["Rome", "Oslo"]) }),
          execute: ({ city }) => `12:00 in ${city}`,
        }),
      },
      prepareStep: ({ stepNumber }) => ({ toolChoice: stepNumber === 0 ? "required" : "none" }),
      stopWhen: stepCountIs(2),
    });
    const [first] = result.steps;
    expect(first!.toolCalls[0]).toMatchObject({ toolName: "time" });
    expect(first!.toolResults[0]!.output).toMatch(/^12:00 in (Rome|Oslo)$/);
    expect(result.steps).toHaveLength(2);
  });

  it("thoughts are reasoning, and an abort stops", async () => {
    await using provider = createIzwi({ threads: 1 });
    const thinking = await generateText({
      model: provider("builtin", { thinking: true }),
      prompt: "Hello!",
      temperature: 0,
    });
    expect(thinking.reasoningText).toBeTruthy();
    const aborting = generateText({ model, prompt: "Hello!", abortSignal: AbortSignal.abort() });
    await expect(aborting).rejects.toThrow(/abort/i);
  });

  it("an unknown model is named", async () => {
    await expect(generateText({ model: izwi("no-such-model"), prompt: "x", maxRetries: 0 })).rejects.toThrow(
      /no-such-model/,
    );
  });
});
