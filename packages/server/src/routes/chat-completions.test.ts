import { IzwiError, type ChatEvent } from "@izwi/core";
import { describe, expect, it } from "vitest";
import { end, logprob } from "../openai/fakes/fake-model.js";
import { TestApp, type Json } from "../openai/fakes/test-app.js";

const PATH = "/v1/chat/completions";
const messages = [{ role: "user", content: "Hi" }];

function appThatAnswers(...events: (ChatEvent | Error)[]): TestApp {
  const app = new TestApp();
  app.model.script = () => events;
  return app;
}

/** What core was asked for a body. */
async function requestFor(body: Json): Promise<Json> {
  const app = new TestApp();
  const { status, body: answer } = await app.json(PATH, { messages, ...body });
  expect(answer.error).toBeUndefined();
  expect(status).toBe(200);
  return app.model.chats[0]!;
}

describe("a whole answer", () => {
  it("has OpenAI's shape", async () => {
    const app = appThatAnswers({ type: "text-delta", text: "Hel" }, { type: "text-delta", text: "lo" }, end());
    const { status, body } = await app.json(PATH, { model: "Fake", messages });
    expect(status).toBe(200);
    expect(body).toEqual({
      id: expect.stringMatching(/^chatcmpl-[0-9a-f]{32}$/),
      object: "chat.completion",
      created: expect.any(Number),
      model: "Fake",
      system_fingerprint: expect.stringMatching(/^fp_[0-9a-f]{10}$/),
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: "Hello", refusal: null },
          logprobs: null,
          finish_reason: "stop",
        },
      ],
      usage: {
        prompt_tokens: 5,
        completion_tokens: 3,
        total_tokens: 8,
        prompt_tokens_details: { cached_tokens: 2 },
        completion_tokens_details: { reasoning_tokens: 0 },
      },
      timings: {
        cache_n: 2,
        prompt_n: 3,
        prompt_ms: 10,
        prompt_per_second: 300,
        predicted_n: 3,
        predicted_ms: 20,
        predicted_per_second: 100,
        queue_ms: 1,
        time_to_first_token_ms: 12,
      },
    });
    expect(Math.abs(body.created - Date.now() / 1000)).toBeLessThan(5);
    expect(app.models.acquired).toEqual(["Fake"]);
    expect(app.models.leases).toBe(0);
  });

  it("names the default model where none was asked for", async () => {
    const app = new TestApp();
    for (const model of [undefined, null, ""])
      expect((await app.json(PATH, { model, messages })).body.model).toBe("fake");
    expect(app.models.acquired).toEqual([undefined, undefined, undefined]);
  });

  it("keeps thoughts apart from the content", async () => {
    const app = appThatAnswers(
      { type: "reasoning-delta", text: "Hm" },
      { type: "reasoning-delta", text: "m" },
      { type: "text-delta", text: "Yes" },
      end("length", { reasoningTokens: 2 }),
    );
    const { body } = await app.json(PATH, { messages });
    expect(body.choices[0].message).toMatchObject({ content: "Yes", reasoning_content: "Hmm" });
    expect(body.choices[0].finish_reason).toBe("length");
    expect(body.usage.completion_tokens_details.reasoning_tokens).toBe(2);
  });

  it("has tool calls with ids, and no content where there is no text", async () => {
    const app = appThatAnswers(
      { type: "tool-call-start", index: 0, name: "add" },
      { type: "tool-call-delta", index: 0, text: '{"a":1}' },
      { type: "tool-call", index: 0, name: "add", arguments: '{"a":1}' },
      { type: "tool-call", index: 1, name: "sub", arguments: "{}" },
      end("tool-calls"),
    );
    const { body } = await app.json(PATH, { messages });
    const { message, finish_reason } = body.choices[0];
    expect(message.content).toBeNull();
    expect(message.tool_calls).toEqual([
      { id: expect.stringMatching(/^call_/), type: "function", function: { name: "add", arguments: '{"a":1}' } },
      { id: expect.stringMatching(/^call_/), type: "function", function: { name: "sub", arguments: "{}" } },
    ]);
    expect(new Set(message.tool_calls.map(({ id }: Json) => id)).size).toBe(2);
    expect(finish_reason).toBe("tool_calls");
  });

  it("is an empty text where the model said nothing", async () => {
    const { body } = await appThatAnswers(end()).json(PATH, { messages });
    expect(body.choices[0].message).toEqual({ role: "assistant", content: "", refusal: null });
  });

  it("has log probabilities in OpenAI's shape", async () => {
    const app = appThatAnswers(
      {
        type: "text-delta",
        text: "Hé",
        logprobs: [
          logprob("H", -0.5, [
            ["H", -0.5],
            ["J", -2],
          ]),
          logprob("é", -Infinity),
        ],
      },
      end(),
    );
    const { body } = await app.json(PATH, { messages, logprobs: true, top_logprobs: 2 });
    expect(body.choices[0].logprobs).toEqual({
      content: [
        {
          token: "H",
          logprob: -0.5,
          bytes: [72],
          top_logprobs: [
            { token: "H", logprob: -0.5, bytes: [72] },
            { token: "J", logprob: -2, bytes: [74] },
          ],
        },
        { token: "é", logprob: -9999, bytes: [195, 169], top_logprobs: [] },
      ],
      refusal: null,
    });
    expect(app.model.chats[0]!.logprobs).toBe(2);
    expect((await requestFor({ logprobs: true })).logprobs).toBe(0);
  });

  it("gives n answers with seeds of their own, counting the prompt once", async () => {
    const app = new TestApp();
    app.model.script = (index) => [
      { type: "text-delta", text: `answer ${index}` },
      end("stop", { completionTokens: index + 1, cachedTokens: index === 0 ? 1 : 4 }),
    ];
    const { body } = await app.json(PATH, { messages, n: 3, seed: 7 });
    expect(body.choices.map(({ index, message }: Json) => [index, message.content])).toEqual([
      [0, "answer 0"],
      [1, "answer 1"],
      [2, "answer 2"],
    ]);
    expect(app.model.chats.map(({ seed }) => seed)).toEqual([7, 8, 9]);
    expect(body.usage).toMatchObject({
      prompt_tokens: 5,
      completion_tokens: 6,
      prompt_tokens_details: { cached_tokens: 1 },
    });
    expect(body.timings).toBeUndefined();
  });

  it("leaves the seeds to the model where none was given", async () => {
    const app = new TestApp();
    await app.json(PATH, { messages, n: 2 });
    expect(app.model.chats.map(({ seed }) => seed)).toEqual([undefined, undefined]);
  });
});

describe("failures", () => {
  it.each([
    ["CONTEXT_OVERFLOW", 400, "context_length_exceeded", "messages"],
    ["QUEUE_FULL", 429, "queue_full", null],
    ["INTERNAL", 500, "internal_error", null],
  ] as const)("%s is answered with %i, streamed or not", async (code, status, wireCode, param) => {
    for (const stream of [false, true]) {
      const app = appThatAnswers(new IzwiError(code, "The prompt has 600 tokens of 512."));
      const answer = await app.json(PATH, { messages, stream });
      expect(answer.status).toBe(status);
      expect(answer.body.error).toMatchObject({ code: wireCode, param, message: "The prompt has 600 tokens of 512." });
      expect(answer.headers.has("retry-after")).toBe(status === 429);
      expect(app.models.leases).toBe(0);
    }
  });

  it("are answered with 404 for a model that isn't there", async () => {
    for (const stream of [false, true]) {
      const { status, body } = await new TestApp().json(PATH, { model: "missing", messages, stream });
      expect(status).toBe(404);
      expect(body.error).toMatchObject({
        code: "model_not_found",
        param: "model",
        message: expect.stringContaining("Did you mean fake?"),
      });
    }
  });

  it("of one of several answers end the others", async () => {
    const app = new TestApp();
    const never = new Promise(() => {});
    app.model.script = (index) => (index === 1 ? [new IzwiError("INTERNAL", "broken")] : [never, end()]);
    const { status } = await app.json(PATH, { messages, n: 3 });
    expect(status).toBe(500);
    await expect.poll(() => app.model.running).toBe(0);
    expect(app.model.aborted).toBe(2);
    expect(app.models.leases).toBe(0);
  });

  it("abort everything when the client goes away", async () => {
    const app = new TestApp();
    app.model.script = () => [new Promise(() => {}), end()];
    const abort = new AbortController();
    const response = app.post(
      PATH,
      { messages, n: 2 },
      { signal: abort.signal, headers: { "content-type": "application/json" } },
    );
    await expect.poll(() => app.model.running).toBe(2);
    expect(app.models.leases).toBe(1);
    abort.abort();
    await response;
    expect(app.model.running).toBe(0);
    expect(app.model.aborted).toBe(2);
    expect(app.models.leases).toBe(0);
  });

  it("stop waiting for a model when the client goes away", async () => {
    const app = new TestApp();
    app.models.loading = new Promise(() => {});
    const abort = new AbortController();
    const response = app.post(
      PATH,
      { messages },
      { signal: abort.signal, headers: { "content-type": "application/json" } },
    );
    await expect.poll(() => app.models.acquired.length).toBe(1);
    abort.abort();
    expect((await response).status).toBe(499);
    expect(app.models.leases).toBe(0);
  });
});
