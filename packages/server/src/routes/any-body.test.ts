import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { z } from "@hono/zod-openapi";
import { ChatCompletion, ChatCompletionChunk } from "../openai/chat-schema.js";
import { Completion } from "../openai/completion-schema.js";
import { EmbeddingList } from "../openai/embeddings.js";
import { end, logprob } from "../openai/fakes/fake-model.js";
import { parseEvents, TestApp, type Json } from "../openai/fakes/test-app.js";
import { ResponseEvent, ResponseObject } from "../openai/response-object.js";
import { ApplyTemplateResponse, DetokenizeResponse, TokenizeResponse } from "../openai/tokens.js";

/** A body that each route answers with 200. */
const GOOD: Record<string, Json> = {
  "/v1/chat/completions": {
    model: "fake",
    messages: [
      { role: "system", content: "s" },
      { role: "user", content: [{ type: "text", text: "u" }] },
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: "{}" } }],
      },
      { role: "tool", tool_call_id: "c", content: "t" },
    ],
    tools: [{ type: "function", function: { name: "f", parameters: { type: "object" } } }],
    tool_choice: "auto",
    response_format: { type: "json_schema", json_schema: { name: "n", schema: { type: "object" } } },
    temperature: 1,
    top_p: 1,
    stop: ["x"],
    n: 1,
    seed: 1,
    max_tokens: 5,
    logprobs: true,
    top_logprobs: 1,
    logit_bias: { "1": 1 },
    stream: false,
    stream_options: { include_usage: true },
    chat_template_kwargs: { enable_thinking: true },
    reasoning_effort: "low",
  },
  "/v1/completions": {
    model: "fake",
    prompt: ["a", "b"],
    max_tokens: 2,
    echo: true,
    logprobs: 1,
    n: 1,
    stream: false,
    stop: "x",
  },
  "/v1/responses": {
    model: "fake",
    input: [
      { role: "user", content: [{ type: "input_text", text: "u" }] },
      { type: "function_call", call_id: "c", name: "f", arguments: "{}" },
      { type: "function_call_output", call_id: "c", output: "o" },
      { type: "reasoning", summary: [] },
    ],
    instructions: "i",
    tools: [{ type: "function", name: "f", parameters: {} }],
    text: { format: { type: "json_object" } },
    reasoning: { effort: "low", summary: "auto" },
    store: true,
    stream: false,
    metadata: { a: "b" },
  },
  "/v1/embeddings": { model: "fake", input: ["a"], encoding_format: "float", dimensions: 2 },
  "/tokenize": { content: "a", with_pieces: true },
  "/detokenize": { tokens: [97] },
  "/apply-template": { messages: [{ role: "user", content: "u" }], tools: [] },
};

const PATHS = Object.keys(GOOD);

const ANSWERS: Record<string, z.ZodType> = {
  "/v1/chat/completions": ChatCompletion,
  "/v1/completions": Completion,
  "/v1/responses": ResponseObject,
  "/v1/embeddings": EmbeddingList,
  "/tokenize": TokenizeResponse,
  "/detokenize": DetokenizeResponse,
  "/apply-template": ApplyTemplateResponse,
};

const STREAMED: Record<string, z.ZodType> = {
  "/v1/chat/completions": ChatCompletionChunk,
  "/v1/completions": Completion,
  "/v1/responses": ResponseEvent,
};

function makeApp(): TestApp {
  const app = new TestApp({ limits: { completionTokens: 1000 } });
  app.model.script = () => [
    { type: "reasoning-delta", text: "r" },
    { type: "text-delta", text: "t", logprobs: [logprob("t", -1, [["t", -1]])] },
    { type: "tool-call-start", index: 0, name: "f" },
    { type: "tool-call-delta", index: 0, text: "{}" },
    { type: "tool-call", index: 0, name: "f", arguments: "{}" },
    end("tool-calls"),
  ];
  return app;
}

const app = makeApp();

/**
 * What is wrong with the answer to a body: nothing, if it's a good one or refuses the request in the one shape that
 * errors have.
 */
async function complaint(path: string, body: string): Promise<string | undefined> {
  const response = await app.post(path, body);
  const text = await response.text();
  const { status } = response;
  const said = `${path} answered ${body.slice(0, 500)} with ${status}: ${text.slice(0, 500)}`;
  if (status === 200 && response.headers.get("content-type")!.startsWith("text/event-stream")) {
    return parseEvents(text).some(({ data }) => data?.error) ? said : undefined;
  }
  const { error, ...rest } = JSON.parse(text) as Json;
  if (status === 200) return undefined;
  const isShape =
    Object.keys(rest).length === 0 &&
    Object.keys(error).sort().join() === "code,message,param,type" &&
    typeof error.message === "string" &&
    error.message.length > 5 &&
    error.type === "invalid_request_error";
  return status >= 400 && status < 500 && isShape ? undefined : said;
}

const path = fc.constantFrom(...PATHS);
const strange = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(
    null,
    true,
    -1,
    0,
    1.5,
    1e308,
    -1e308,
    2 ** 53,
    "",
    " ",
    "\u0000",
    "\ud800",
    [],
    {},
    [[]],
    [null],
    "__proto__",
    {
      constructor: 1,
    },
  ),
);

/** Puts a strange value somewhere into a good body, or takes something out. */
function spoil(value: unknown, steps: number[], bad: unknown): unknown {
  const [step, ...rest] = steps;
  if (step === undefined || typeof value !== "object" || value === null) return bad;
  const keys = Object.keys(value);
  if (keys.length === 0) return bad;
  const key = keys[step % keys.length]!;
  const inner = spoil((value as Json)[key], rest, bad);
  if (Array.isArray(value)) return value.map((item: unknown, index) => (String(index) === key ? inner : item));
  return { ...value, [key]: inner };
}

it("answers the good bodies with what its description says, and nothing more", async () => {
  for (const [path, body] of Object.entries(GOOD)) {
    const { status, body: answer } = await app.json(path, body);
    expect(status, path).toBe(200);
    expect(ANSWERS[path]!.parse(answer), path).toEqual(answer);
  }
});

it("streams for the good bodies what its description says, and nothing more", async () => {
  for (const [path, schema] of Object.entries(STREAMED)) {
    const sent = await app.stream(path, GOOD[path]!);
    const events = sent.filter(({ data }) => data !== "[DONE]").map(({ data }) => data as Json);
    expect(events.length).toBeGreaterThan(3);
    for (const event of events) expect(schema.parse(event), path).toEqual(event);
  }
});

it("answers any text with 4xx in the error shape", { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(path, fc.oneof(fc.string({ unit: "binary" }), fc.json()), async (path, body) => {
      expect(await complaint(path, body)).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});

it("answers any object with 200 or 4xx", { timeout: 60_000 }, async () => {
  const body = path.chain((path) => {
    const fields = Object.fromEntries(Object.keys(GOOD[path]!).map((name) => [name, strange]));
    return fc.tuple(fc.constant(path), fc.record(fields, { requiredKeys: [] }));
  });
  await fc.assert(
    fc.asyncProperty(body, async ([path, body]) => {
      expect(await complaint(path, JSON.stringify(body))).toBeUndefined();
    }),
    { numRuns: 1000 },
  );
});

it("answers a good body with one thing wrong with 200 or 4xx, streamed or not", { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      path,
      fc.boolean(),
      fc.array(fc.nat(), { minLength: 1, maxLength: 6 }),
      strange,
      async (path, stream, steps, bad) => {
        const good = "stream" in GOOD[path]! ? { ...GOOD[path], stream } : GOOD[path];
        expect(await complaint(path, JSON.stringify(spoil(good, steps, bad)))).toBeUndefined();
      },
    ),
    { numRuns: 1500 },
  );
});

const nullish = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const range = (min: number, max: number) => nullish(fc.double({ min, max, noNaN: true }));

const validSampling = {
  temperature: range(0, 2),
  top_p: range(0, 1),
  top_k: nullish(fc.integer({ min: -1, max: 1000 })),
  min_p: range(0, 1),
  presence_penalty: range(-2, 2),
  frequency_penalty: range(-2, 2),
  repetition_penalty: range(0.1, 10),
  stop: nullish(fc.oneof(fc.string({ minLength: 1 }), fc.array(fc.string({ minLength: 1 }), { maxLength: 4 }))),
  seed: nullish(fc.maxSafeInteger()),
  logit_bias: nullish(fc.dictionary(fc.nat({ max: 299 }).map(String), fc.double({ min: -100, max: 100, noNaN: true }))),
  stream: nullish(fc.boolean()),
  enable_thinking: nullish(fc.boolean()),
  reasoning_effort: nullish(fc.constantFrom("none", "minimal", "low", "medium", "high")),
};

const text = fc.string({ unit: "binary" });
const textParts = fc.array(fc.record({ type: fc.constant("text"), text }), { minLength: 1, maxLength: 3 });
const content = fc.oneof(text, textParts);
const message = fc.oneof(
  fc.record({ role: fc.constantFrom("system", "developer", "user"), content }),
  fc.record({ role: fc.constant("assistant"), content: nullish(content), reasoning_content: nullish(text) }),
  fc.record({ role: fc.constant("tool"), content, tool_call_id: text }),
);

const validBody = fc.oneof(
  fc.tuple(
    fc.constant("/v1/chat/completions"),
    fc.record(
      {
        messages: fc.array(message, { minLength: 1, maxLength: 5 }),
        ...validSampling,
        n: nullish(fc.integer({ min: 1, max: 16 })),
        max_tokens: nullish(fc.integer({ min: 1, max: 1000 })),
        max_completion_tokens: nullish(fc.integer({ min: 1, max: 1000 })),
        logprobs: nullish(fc.boolean()),
        user: text,
      },
      { requiredKeys: ["messages"] },
    ),
  ),
  fc.tuple(
    fc.constant("/v1/completions"),
    fc.record(
      {
        prompt: fc.oneof(
          fc.string({ unit: "grapheme", minLength: 1 }),
          fc.array(fc.string({ unit: "grapheme", minLength: 1 }), { minLength: 1, maxLength: 4 }),
          fc.array(fc.nat({ max: 299 }), { minLength: 1 }),
          fc.array(fc.array(fc.nat({ max: 299 }), { minLength: 1 }), { minLength: 1, maxLength: 4 }),
        ),
        ...validSampling,
        echo: nullish(fc.boolean()),
        logprobs: nullish(fc.integer({ min: 0, max: 20 })),
        max_tokens: nullish(fc.integer({ min: 0, max: 1000 })),
        n: nullish(fc.integer({ min: 1, max: 4 })),
      },
      { requiredKeys: ["prompt"] },
    ),
  ),
  fc.tuple(
    fc.constant("/v1/responses"),
    fc.record(
      {
        input: fc.oneof(
          text,
          fc.array(
            fc.record({
              role: fc.constantFrom("user", "assistant", "system"),
              content: text.map((text) => `x${text}`),
            }),
            { minLength: 1 },
          ),
        ),
        ...validSampling,
        instructions: nullish(text),
        store: nullish(fc.boolean()),
        max_output_tokens: nullish(fc.integer({ min: 1, max: 1000 })),
      },
      { requiredKeys: ["input"] },
    ),
  ),
);

it("answers every valid body with 200, and gives the model back", { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(validBody, async ([path, body]) => {
      const response = await app.post(path, body);
      const text = await response.text();
      expect(response.status, text).toBe(200);
      expect(app.models.leases).toBe(0);
      expect(app.model.running).toBe(0);
    }),
    { numRuns: 600 },
  );
});

it("gave back every model", () => {
  expect(app.models.leases).toBe(0);
  expect(app.model.running).toBe(0);
});
