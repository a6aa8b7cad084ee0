/** LangChain's OpenAI classes. */
import { HumanMessage, SystemMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { MODEL, serve, type TestServer } from "./running-server.js";

let server: TestServer;
const chat = (fields: object = {}) =>
  new ChatOpenAI({
    model: MODEL,
    apiKey: "none",
    temperature: 0,
    maxRetries: 0,
    configuration: { baseURL: `${server.url}/v1` },
    ...fields,
  });

beforeAll(async () => {
  server = await serve();
});
afterAll(() => server.stop());

const person = z.object({ name: z.string().max(12), age: z.number().int().min(0).max(150) });

it("answers with a system prompt", async () => {
  const answer = await chat().invoke([
    new SystemMessage("The user's name is Alice."),
    new HumanMessage("What's my name?"),
  ]);
  expect(answer.text).toBe("Your name is Alice.");
  expect(answer.usage_metadata!.output_tokens).toBeGreaterThan(0);
});

it("streams", async () => {
  const parts: string[] = [];
  for await (const part of await chat().stream("Count from 1 to 7")) parts.push(part.text);
  expect(parts.join("")).toMatch(/1\D+2\D+3\D+4\D+5\D+6\D+7/);
  expect(parts.length).toBeGreaterThan(3);
});

it("gives typed results", async () => {
  const structured = chat({ maxTokens: 200 }).withStructuredOutput(person, { method: "jsonSchema" });
  const result = await structured.invoke("A person");
  expect(person.parse(result)).toEqual(result);
});

it("calls tools", async () => {
  const save = tool(() => "saved", { name: "save", description: "Saves a person.", schema: person });
  const answer = await chat({ maxTokens: 200 })
    .bindTools([save], { tool_choice: "save" })
    .invoke("Save Alice, who is 30");
  expect(answer.tool_calls!.map(({ name }) => name)).toContain("save");
  expect(person.safeParse(answer.tool_calls![0]!.args).success).toBe(true);
});

it("embeds", async () => {
  const embeddings = new OpenAIEmbeddings({
    model: MODEL,
    apiKey: "none",
    maxRetries: 0,
    configuration: { baseURL: `${server.url}/v1` },
  });
  const [cat] = await embeddings.embedDocuments(["a cat"]);
  expect(Math.hypot(...cat!)).toBeCloseTo(1, 3);
});

it("stops the work on abort", async () => {
  const aborter = new AbortController();
  const reading = (async () => {
    const stream = await chat({ temperature: 2 }).stream("Hello!", { signal: aborter.signal });
    for await (const _ of stream) aborter.abort();
  })();
  await reading.catch(() => undefined);
  expect(await server.leftActive()).toBe(0);
});

it("passes errors on", async () => {
  await expect(chat({ model: "no-such-model" }).invoke("Hi")).rejects.toMatchObject({ status: 404 });
});
