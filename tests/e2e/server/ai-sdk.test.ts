/** The Vercel AI SDK through `@ai-sdk/openai-compatible`. */
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { embed, generateText, Output, streamText, tool } from "ai";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { MODEL, serve, type TestServer } from "./running-server.js";

let server: TestServer;
let izwi: ReturnType<typeof createOpenAICompatible>;

beforeAll(async () => {
  server = await serve();
  izwi = createOpenAICompatible({
    name: "izwi",
    baseURL: `${server.url}/v1`,
    includeUsage: true,
    supportsStructuredOutputs: true,
  });
});
afterAll(() => server.stop());

const person = z.object({ name: z.string().max(12), age: z.number().int().min(0).max(150) });

it("generates text", async () => {
  const { text, finishReason, usage } = await generateText({
    model: izwi(MODEL),
    temperature: 0,
    messages: [
      { role: "user", content: "My name is Alice" },
      { role: "assistant", content: "Nice to meet you, Alice!" },
      { role: "user", content: "What's my name?" },
    ],
  });
  expect(text).toBe("Your name is Alice.");
  expect(finishReason).toBe("stop");
  expect(usage.outputTokens).toBeGreaterThan(0);
});

it("streams text", async () => {
  const result = streamText({ model: izwi(MODEL), temperature: 0, prompt: "Count from 1 to 7" });
  const parts: string[] = [];
  for await (const part of result.textStream) parts.push(part);
  expect(parts.join("")).toMatch(/1\D+2\D+3\D+4\D+5\D+6\D+7/);
  // How many depends on how late the reader is.
  expect(parts.length).toBeGreaterThan(1);
  expect((await result.usage).inputTokens).toBeGreaterThan(0);
});

it("streams thoughts as reasoning", async () => {
  const options = { izwi: { chat_template_kwargs: { enable_thinking: true } } };
  const result = streamText({
    model: izwi(MODEL),
    temperature: 0,
    prompt: "What is 3 plus 4?",
    providerOptions: options,
  });
  let text = "";
  for await (const part of result.fullStream) if (part.type === "text-delta") text += part.text;
  expect(text).not.toContain("think>");
});

it("generates an object", async () => {
  const { output } = await generateText({
    model: izwi(MODEL),
    temperature: 0,
    output: Output.object({ schema: person }),
    prompt: "A person",
    maxOutputTokens: 200,
  });
  expect(person.parse(output)).toEqual(output);
});

it("calls tools", async () => {
  const { toolCalls } = await generateText({
    model: izwi(MODEL),
    temperature: 0,
    tools: { save: tool({ description: "Saves a person.", inputSchema: person }) },
    toolChoice: "required",
    prompt: "Save Alice, who is 30",
    maxOutputTokens: 200,
  });
  expect(toolCalls.length).toBeGreaterThan(0);
  expect(toolCalls[0]!.toolName).toBe("save");
  expect(person.safeParse(toolCalls[0]!.input).success).toBe(true);
});

it("embeds", async () => {
  const { embedding } = await embed({ model: izwi.embeddingModel(MODEL), value: "a cat" });
  expect(embedding.length).toBeGreaterThan(16);
});

it("stops the work on abort", async () => {
  const aborter = new AbortController();
  const result = streamText({
    model: izwi(MODEL),
    prompt: "Hello!",
    temperature: 2,
    abortSignal: aborter.signal,
    maxRetries: 0,
    onError: () => {},
  });
  const reading = (async () => {
    for await (const _ of result.textStream) aborter.abort();
  })();
  await reading.catch(() => undefined);
  expect(await server.leftActive()).toBe(0);
});

it("passes errors on", async () => {
  const wrong = generateText({ model: izwi("no-such-model"), prompt: "Hi", maxRetries: 0 });
  await expect(wrong).rejects.toMatchObject({ statusCode: 404 });
});
