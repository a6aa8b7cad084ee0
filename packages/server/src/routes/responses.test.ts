import type { ChatEvent } from "@izwi/core";
import { describe, expect, it } from "vitest";
import { end, logprob } from "../openai/fakes/fake-model.js";
import { TestApp, type Json } from "../openai/fakes/test-app.js";

const PATH = "/v1/responses";

function appThatAnswers(...events: (ChatEvent | Error)[]): TestApp {
  const app = new TestApp();
  app.model.script = () => events;
  return app;
}

async function respond(body: Json, app = new TestApp()): Promise<Json> {
  const { status, body: answer } = await app.json(PATH, body);
  expect(answer.error).toBeNull();
  expect(status).toBe(200);
  expect(app.models.leases).toBe(0);
  return answer;
}

/** What core was asked for a body. */
async function requestFor(body: Json): Promise<Json> {
  const app = new TestApp();
  await respond({ input: "Hi", ...body }, app);
  return app.model.chats[0]!;
}

const everything: ChatEvent[] = [
  { type: "reasoning-delta", text: "Hm" },
  { type: "reasoning-delta", text: "m." },
  { type: "text-delta", text: "I'll " },
  { type: "text-delta", text: "add." },
  { type: "tool-call-start", index: 0, name: "add" },
  { type: "tool-call-delta", index: 0, text: '{"a"' },
  { type: "tool-call-delta", index: 0, text: ":1}" },
  { type: "tool-call", index: 0, name: "add", arguments: '{"a":1}' },
  { type: "tool-call", index: 1, name: "sub", arguments: '{"b":2}' },
  end("tool-calls", { reasoningTokens: 2 }),
];

describe("a response", () => {
  it("has OpenAI's shape", async () => {
    const body = await respond({ model: "Fake", input: "Hi", instructions: "Be brief.", metadata: { a: "b" } });
    expect(body).toEqual({
      id: expect.stringMatching(/^resp_[0-9a-f]{32}$/),
      object: "response",
      created_at: expect.any(Number),
      status: "completed",
      background: false,
      error: null,
      incomplete_details: null,
      instructions: "Be brief.",
      max_output_tokens: null,
      model: "Fake",
      output: [
        {
          id: expect.stringMatching(/^msg_/),
          type: "message",
          role: "assistant",
          status: "completed",
          content: [{ type: "output_text", text: "Hello", annotations: [], logprobs: [] }],
        },
      ],
      parallel_tool_calls: true,
      previous_response_id: null,
      reasoning: { effort: null, summary: null },
      store: true,
      temperature: 0.7,
      text: { format: { type: "text" } },
      tool_choice: "auto",
      tools: [],
      top_logprobs: 0,
      top_p: 0.8,
      truncation: "disabled",
      usage: {
        input_tokens: 5,
        input_tokens_details: { cached_tokens: 2 },
        output_tokens: 3,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: 8,
      },
      user: null,
      metadata: { a: "b" },
    });
  });

  it("has thoughts, text and calls as items", async () => {
    const { output } = await respond({ input: "Hi" }, appThatAnswers(...everything));
    expect(output).toMatchObject([
      { type: "reasoning", summary: [], content: [{ type: "reasoning_text", text: "Hmm." }], status: "completed" },
      { type: "message", content: [{ text: "I'll add." }] },
      {
        type: "function_call",
        name: "add",
        arguments: '{"a":1}',
        call_id: expect.stringMatching(/^call_/),
        status: "completed",
      },
      { type: "function_call", name: "sub", arguments: '{"b":2}', status: "completed" },
    ]);
    expect(new Set(output.map(({ id }: Json) => id)).size).toBe(4);
  });

  it("gives thoughts as a summary to those who ask for one", async () => {
    const { output, reasoning } = await respond(
      { input: "Hi", reasoning: { effort: "low", summary: "auto" } },
      appThatAnswers(...everything),
    );
    expect(output[0]).toMatchObject({ summary: [{ type: "summary_text", text: "Hmm." }], content: [] });
    expect(reasoning).toEqual({ effort: "low", summary: "auto" });
  });

  it("is incomplete where it was cut off", async () => {
    const body = await respond({ input: "Hi" }, appThatAnswers({ type: "text-delta", text: "So" }, end("length")));
    expect(body).toMatchObject({
      status: "incomplete",
      incomplete_details: { reason: "max_output_tokens" },
      output: [{ status: "incomplete", content: [{ text: "So" }] }],
    });
  });

  it("has an empty text where the model said nothing", async () => {
    const { output } = await respond({ input: "Hi" }, appThatAnswers(end()));
    expect(output).toMatchObject([{ type: "message", content: [{ text: "" }] }]);
  });

  it("has log probabilities where they're asked for", async () => {
    const app = appThatAnswers({ type: "text-delta", text: "A", logprobs: [logprob("A", -1, [["A", -1]])] }, end());
    const { output } = await respond({ input: "Hi", include: ["message.output_text.logprobs"], top_logprobs: 1 }, app);
    expect(output[0].content[0].logprobs).toEqual([
      { token: "A", logprob: -1, bytes: [65], top_logprobs: [{ token: "A", logprob: -1, bytes: [65] }] },
    ]);
    expect(app.model.chats[0]!.logprobs).toBe(1);
    expect((await requestFor({ include: ["message.output_text.logprobs"] })).logprobs).toBe(0);
    expect((await requestFor({ include: ["reasoning.encrypted_content"] })).logprobs).toBeUndefined();
  });
});

describe("what core is asked for", () => {
  it("has the input as messages", async () => {
    expect((await requestFor({ input: "Hi" })).messages).toEqual([{ role: "user", content: "Hi" }]);
    const { messages } = await requestFor({
      instructions: "Be brief.",
      input: [
        { role: "developer", content: "d" },
        {
          type: "message",
          role: "user",
          content: [
            { type: "input_text", text: "u1" },
            { type: "input_text", text: "u2" },
          ],
        },
        { type: "reasoning", id: "rs_1", summary: [], content: [{ type: "reasoning_text", text: "think" }] },
        {
          type: "message",
          id: "msg_1",
          role: "assistant",
          status: "completed",
          content: [{ type: "output_text", text: "a", annotations: [] }],
        },
        { type: "function_call", id: "fc_1", call_id: "call_1", name: "f", arguments: '{"x":1}' },
        { type: "function_call", call_id: "call_2", name: "g", arguments: "" },
        { type: "function_call_output", call_id: "call_1", output: "1" },
        { type: "function_call_output", call_id: "call_2", output: [{ type: "input_text", text: "2" }] },
        { role: "assistant", content: "b" },
        { role: "assistant", content: "c" },
        { type: "reasoning", summary: [{ type: "summary_text", text: "alone" }] },
        { role: "user", content: "u3" },
      ],
    });
    expect(messages).toEqual([
      { role: "system", content: "Be brief." },
      { role: "system", content: "d" },
      { role: "user", content: "u1\nu2" },
      {
        role: "assistant",
        content: "a",
        reasoningContent: "think",
        toolCalls: [
          { id: "call_1", name: "f", arguments: '{"x":1}' },
          { id: "call_2", name: "g", arguments: "{}" },
        ],
      },
      { role: "tool", content: "1", toolCallId: "call_1" },
      { role: "tool", content: "2", toolCallId: "call_2" },
      { role: "assistant", content: "b" },
      { role: "assistant", content: "c" },
      { role: "user", content: "u3" },
    ]);
  });

  it("has settings, tools, format and thinking", async () => {
    const schema = { type: "object" };
    const request = await requestFor({
      max_output_tokens: 9,
      temperature: 0,
      top_p: 0.5,
      seed: 4,
      tools: [{ type: "function", name: "f", description: "d", parameters: schema, strict: true }],
      tool_choice: { type: "function", name: "f" },
      parallel_tool_calls: false,
      text: { format: { type: "json_schema", name: "n", schema, strict: true }, verbosity: "low" },
      reasoning: { effort: "medium" },
    });
    expect(request).toMatchObject({
      maxTokens: 9,
      temperature: 0,
      topP: 0.5,
      seed: 4,
      tools: [{ type: "function", function: { name: "f", description: "d", parameters: schema } }],
      toolChoice: { name: "f" },
      parallelToolCalls: false,
      responseFormat: { type: "json-schema", schema },
      thinking: { budget: 4096 },
    });
    expect((await requestFor({ text: { format: { type: "json_object" } } })).responseFormat).toEqual({
      type: "json-object",
    });
    expect((await requestFor({ text: { format: { type: "text" } } })).responseFormat).toBeUndefined();
    const tools = ["f", "g"].map((name) => ({ type: "function", name }));
    const allowed = { type: "allowed_tools", mode: "required", tools: [{ type: "function", name: "g" }] };
    expect(await requestFor({ tools, tool_choice: allowed })).toMatchObject({
      tools: [{ function: { name: "g" } }],
      toolChoice: "required",
    });
  });
});

describe("a stored response", () => {
  it("can be gone on from, with what was thought and called, but without instructions", async () => {
    const app = appThatAnswers(...everything);
    const first = await respond({ input: "Add.", instructions: "Old." }, app);
    const calls = first.output.filter(({ type }: Json) => type === "function_call");
    app.model.script = () => [{ type: "text-delta", text: "3" }, end()];
    const second = await respond(
      {
        previous_response_id: first.id,
        instructions: "New.",
        input: [{ type: "function_call_output", call_id: calls[0].call_id, output: "3" }],
      },
      app,
    );
    expect(second.previous_response_id).toBe(first.id);
    expect(app.model.chats[1]!.messages).toEqual([
      { role: "system", content: "New." },
      { role: "user", content: "Add." },
      {
        role: "assistant",
        content: "I'll add.",
        reasoningContent: "Hmm.",
        toolCalls: [
          { id: calls[0].call_id, name: "add", arguments: '{"a":1}' },
          { id: calls[1].call_id, name: "sub", arguments: '{"b":2}' },
        ],
      },
      { role: "tool", content: "3", toolCallId: calls[0].call_id },
    ]);
    const third = await respond({ previous_response_id: second.id, input: "And?" }, app);
    expect(third.status).toBe("completed");
    expect(app.model.chats[2]!.messages.map(({ role }) => role)).toEqual([
      "user",
      "assistant",
      "tool",
      "assistant",
      "user",
    ]);
  });

  it("can be read and deleted", async () => {
    const app = new TestApp();
    const created = await respond({ input: "Hi" }, app);
    const read = await app.app.request(`${PATH}/${created.id}`);
    expect(read.status).toBe(200);
    expect(await read.json()).toEqual(created);
    const deleted = await app.app.request(`${PATH}/${created.id}`, { method: "DELETE" });
    expect(await deleted.json()).toEqual({ id: created.id, object: "response", deleted: true });
    for (const method of ["GET", "DELETE"]) {
      const gone = await app.app.request(`${PATH}/${created.id}`, { method });
      expect(gone.status).toBe(404);
      expect(((await gone.json()) as Json).error).toMatchObject({ type: "invalid_request_error", code: "not_found" });
    }
    expect((await app.json(PATH, { input: "x", previous_response_id: created.id })).status).toBe(404);
  });

  it("can be referred to item by item", async () => {
    const app = new TestApp();
    const first = await respond({ input: "Hi" }, app);
    const input = [
      { role: "user", content: "Hi" },
      { type: "item_reference", id: first.output[0].id },
      { role: "user", content: "Go on." },
    ];
    await respond({ input }, app);
    expect(app.model.chats[1]!.messages).toEqual([
      { role: "user", content: "Hi" },
      { role: "assistant", content: "Hello" },
      { role: "user", content: "Go on." },
    ]);
  });

  it("isn't kept where the client says so", async () => {
    const app = new TestApp();
    const { id, store } = await respond({ input: "Hi", store: false }, app);
    expect(store).toBe(false);
    expect((await app.app.request(`${PATH}/${id}`)).status).toBe(404);
  });
});

describe("what is refused", () => {
  it.each([
    ["input", { input: undefined }],
    ["input", { input: 5 }],
    ["input", { input: [] }],
    ["input[0].type", { input: [{ type: "computer_call" }] }],
    ["input[0].role", { input: [{ role: "tool", content: "x" }] }],
    ["input[0].content[0].type", { input: [{ role: "user", content: [{ type: "input_image", image_url: "data:" }] }] }],
    ["input[0].call_id", { input: [{ type: "function_call_output", output: "x" }] }],
    ["tools[0].type", { tools: [{ type: "web_search" }] }],
    ["tool_choice", { tool_choice: "required" }],
    ["tool_choice", { tool_choice: { type: "function", name: "f" } }],
    ["text.format.type", { text: { format: { type: "xml" } } }],
    ["max_output_tokens", { max_output_tokens: 0 }],
    ["truncation", { truncation: "auto" }],
    ["background", { background: true }],
    ["conversation", { conversation: "conv_1" }],
    ["prompt", { prompt: { id: "pmpt_1" } }],
    ["metadata.a", { metadata: { a: 1 } }],
    ["temperature", { temperature: 3 }],
  ])("%s of %j", async (param, fields) => {
    const app = new TestApp();
    const { status, body } = await app.json(PATH, { input: "Hi", ...fields });
    expect(body.error).toMatchObject({ param, type: "invalid_request_error" });
    expect(status).toBe(400);
    expect(app.models.acquired).toEqual([]);
  });

  it.each([
    ["previous_response_id", { previous_response_id: "resp_x" }],
    ["input[0].id", { input: [{ type: "item_reference", id: "msg_x" }] }],
  ])("%s of %j, which isn't there", async (param, fields) => {
    const { status, body } = await new TestApp().json(PATH, { input: "Hi", ...fields });
    expect(status).toBe(404);
    expect(body.error.param).toBe(param);
  });

  it("is a conversation of more messages than the server takes, with all that came before", async () => {
    const app = new TestApp({ limits: { messages: 3 } });
    const { id } = await respond({ input: "Hi" }, app);
    expect((await app.json(PATH, { input: "x", previous_response_id: id })).status).toBe(200);
    const input = [
      { role: "user", content: "x" },
      { role: "user", content: "y" },
    ];
    const { status, body } = await app.json(PATH, { input, previous_response_id: id });
    expect(status).toBe(400);
    expect(body.error.param).toBe("input");
  });
});
