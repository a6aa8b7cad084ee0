import { describe, expect, it } from "vitest";
import { TestApp, type Json } from "../openai/fakes/test-app.js";

const PATH = "/v1/chat/completions";
const messages = [{ role: "user", content: "Hi" }];

/** What core was asked for a body. */
async function requestFor(body: Json): Promise<Json> {
  const app = new TestApp();
  const { status, body: answer } = await app.json(PATH, { messages, ...body });
  expect(answer.error).toBeUndefined();
  expect(status).toBe(200);
  return app.model.chats[0]!;
}

describe("what core is asked for", () => {
  it("is nothing but the messages and the longest answer, where the client says no more", async () => {
    expect(await requestFor({})).toEqual({ messages: [{ role: "user", content: "Hi" }], maxTokens: 1_048_576 });
  });

  it("has all sampling settings", async () => {
    const request = await requestFor({
      temperature: 0.5,
      top_p: 0.9,
      top_k: 40,
      min_p: 0.1,
      presence_penalty: 1,
      frequency_penalty: -1,
      repetition_penalty: 1.1,
      logit_bias: { "5": 10, "7": -100 },
      stop: ["a", "b", "c", "d", "e"],
      seed: 3,
      max_completion_tokens: 9,
      max_tokens: 8,
    });
    expect(request).toMatchObject({
      temperature: 0.5,
      topP: 0.9,
      topK: 40,
      minP: 0.1,
      presencePenalty: 1,
      frequencyPenalty: -1,
      repetitionPenalty: 1.1,
      logitBias: { 5: 10, 7: -100 },
      stop: ["a", "b", "c", "d", "e"],
      seed: 3,
      maxTokens: 9,
    });
    expect((await requestFor({ max_tokens: 8 })).maxTokens).toBe(8);
  });

  it("takes null as unset, and ignores fields that it doesn't know", async () => {
    const nulls = Object.fromEntries(
      [
        "temperature",
        "top_p",
        "stop",
        "seed",
        "tools",
        "tool_choice",
        "response_format",
        "n",
        "logprobs",
        "functions",
      ].map((name) => [name, null]),
    );
    const others = { store: true, metadata: { a: "b" }, service_tier: "auto", verbosity: "low", x: [1] };
    expect(await requestFor({ ...nulls, ...others })).toEqual(await requestFor({}));
  });

  it("has all roles and text parts", async () => {
    const request = await requestFor({
      messages: [
        { role: "system", content: "s" },
        {
          role: "developer",
          content: [
            { type: "text", text: "d1" },
            { type: "text", text: "d2" },
          ],
        },
        { role: "user", content: "u", name: "ann" },
        {
          role: "assistant",
          content: null,
          reasoning_content: "r",
          tool_calls: [
            { id: "call_1", type: "function", function: { name: "f", arguments: '{"x":1}' } },
            { type: "function", function: { name: "g", arguments: { y: 2 } } },
            { id: "call_3", function: { name: "h", arguments: "" } },
          ],
        },
        { role: "tool", tool_call_id: "call_1", content: [{ type: "text", text: "t" }] },
        {
          role: "assistant",
          content: [
            { type: "text", text: "a" },
            { type: "refusal", refusal: "no" },
          ],
        },
        { role: "user", content: "u2" },
      ],
    });
    expect(request.messages).toEqual([
      { role: "system", content: "s" },
      { role: "system", content: "d1\nd2" },
      { role: "user", content: "u" },
      {
        role: "assistant",
        content: "",
        reasoningContent: "r",
        toolCalls: [
          { id: "call_1", name: "f", arguments: '{"x":1}' },
          { name: "g", arguments: '{"y":2}' },
          { id: "call_3", name: "h", arguments: "{}" },
        ],
      },
      { role: "tool", content: "t", toolCallId: "call_1" },
      { role: "assistant", content: "a\nno" },
      { role: "user", content: "u2" },
    ]);
  });

  it("has the response format", async () => {
    const format = async (response_format: Json) => (await requestFor({ response_format })).responseFormat;
    const schema = { type: "object", properties: { a: { type: "number" } } };
    expect(await format({ type: "text" })).toBeUndefined();
    expect(await format({ type: "json_object" })).toEqual({ type: "json-object" });
    expect(await format({ type: "json_object", schema })).toEqual({ type: "json-schema", schema });
    expect(await format({ type: "json_schema", json_schema: { name: "n", schema, strict: true } })).toEqual({
      type: "json-schema",
      schema,
    });
    expect(await format({ type: "json_schema", json_schema: { name: "n" } })).toEqual({ type: "json-object" });
    expect(await format({ type: "regex", pattern: "a+" })).toEqual({ type: "regex", pattern: "a+" });
    expect(await format({ type: "choice", choices: ["a", "b"] })).toEqual({ type: "choice", choices: ["a", "b"] });
  });

  it("has tools and their choice", async () => {
    const parameters = { type: "object", properties: { a: { type: "number" } } };
    const tool = (name: string) => ({
      type: "function",
      function: { name, description: "d", parameters, strict: true },
    });
    const coreTool = (name: string) => ({ type: "function", function: { name, description: "d", parameters } });
    const tools = [tool("f"), tool("g")];
    const ask = async (body: Json) => {
      const { tools, toolChoice, parallelToolCalls } = await requestFor(body);
      return { tools, toolChoice, parallelToolCalls };
    };
    expect(await ask({ tools })).toEqual({ tools: [coreTool("f"), coreTool("g")] });
    expect(await ask({ tools: [] })).toEqual({});
    for (const mode of ["auto", "none", "required"])
      expect(await ask({ tools, tool_choice: mode })).toMatchObject({ toolChoice: mode });
    expect(await ask({ tools, tool_choice: { type: "function", function: { name: "g" } } })).toMatchObject({
      toolChoice: { name: "g" },
    });
    expect(await ask({ tools, parallel_tool_calls: false })).toMatchObject({ parallelToolCalls: false });
    const allowed = { mode: "required", tools: [{ type: "function", function: { name: "g" } }] };
    expect(await ask({ tools, tool_choice: { type: "allowed_tools", allowed_tools: allowed } })).toEqual({
      tools: [coreTool("g")],
      toolChoice: "required",
    });
  });
});

describe("what is refused", () => {
  const tools = [{ type: "function", function: { name: "f" } }];
  const image = [
    { type: "text", text: "t" },
    { type: "image_url", image_url: { url: "data:" } },
  ];
  it.each([
    ["messages", {}, { messages: undefined }],
    ["messages", {}, { messages: [] }],
    ["messages[0].role", {}, { messages: [{ role: "robot", content: "x" }] }],
    ["messages[0].role", {}, { messages: [{ role: "function", name: "f", content: "x" }] }],
    ["messages[0].content", {}, { messages: [{ role: "user" }] }],
    ["messages[0].content", {}, { messages: [{ role: "user", content: null }] }],
    ["messages[0].content", {}, { messages: [{ role: "user", content: [] }] }],
    ["messages[0].content[1].type", {}, { messages: [{ role: "user", content: image }] }],
    ["temperature", { temperature: 2.5 }, {}],
    ["temperature", { temperature: "hot" }, {}],
    ["top_p", { top_p: 1.5 }, {}],
    ["top_k", { top_k: 1.5 }, {}],
    ["min_p", { min_p: -1 }, {}],
    ["presence_penalty", { presence_penalty: 3 }, {}],
    ["repetition_penalty", { repetition_penalty: 0 }, {}],
    ["logit_bias.x", { logit_bias: { x: 1 } }, {}],
    ["logit_bias.5", { logit_bias: { "5": 101 } }, {}],
    ["stop", { stop: "" }, {}],
    ["stop[1]", { stop: ["a", 5] }, {}],
    ["seed", { seed: 1.5 }, {}],
    ["n", { n: 0 }, {}],
    ["n", { n: 17 }, {}],
    ["max_tokens", { max_tokens: 0 }, {}],
    ["max_tokens", { max_tokens: 2_000_000 }, {}],
    ["max_completion_tokens", { max_completion_tokens: 2_000_000 }, {}],
    ["top_logprobs", { top_logprobs: 2 }, {}],
    ["top_logprobs", { logprobs: true, top_logprobs: 21 }, {}],
    ["response_format.type", { response_format: { type: "xml" } }, {}],
    ["response_format.json_schema", { response_format: { type: "json_schema" } }, {}],
    ["tools[0].type", { tools: [{ type: "web_search" }] }, {}],
    ["tools[0].function.name", { tools: [{ type: "function", function: {} }] }, {}],
    ["tool_choice", { tool_choice: "required" }, {}],
    ["tool_choice", { tools, tool_choice: "some" }, {}],
    ["tool_choice", { tools, tool_choice: { type: "function", function: { name: "g" } } }, {}],
    ["functions", { functions: [{ name: "f" }] }, {}],
    ["function_call", { function_call: "auto" }, {}],
    ["audio", { audio: { voice: "a" } }, {}],
    ["modalities[0]", { modalities: ["audio"] }, {}],
    ["chat_template_kwargs.enable_thinking", { chat_template_kwargs: { enable_thinking: "no" } }, {}],
    ["reasoning_effort", { reasoning_effort: "huge" }, {}],
    ["stream", { stream: "yes" }, {}],
  ])("%s of %j %j", async (param, fields, override) => {
    const app = new TestApp();
    const { status, body } = await app.json(PATH, { messages, ...fields, ...override });
    expect(body.error).toMatchObject({ param, type: "invalid_request_error", message: expect.stringContaining(param) });
    expect(status).toBe(400);
    expect(app.models.acquired).toEqual([]);
  });

  it("says what can be sent instead of an image", async () => {
    const { body } = await new TestApp().json(PATH, { messages: [{ role: "user", content: image }] });
    expect(body.error.message).toMatch(/only content parts of the type "text"/);
  });

  it("is too many messages, where there is a limit", async () => {
    const app = new TestApp({ limits: { messages: 2 } });
    const many = [...messages, ...messages, ...messages];
    const { status, body } = await app.json(PATH, { messages: many });
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ param: "messages", message: expect.stringMatching(/3.* 2\b/) });
  });

  it.each([
    ["", 400, /empty/],
    ["{", 400, /isn't valid JSON/],
    ["[]", 400, /must be a JSON object/],
    ["null", 400, /must be a JSON object/],
    [`{"messages":${"[".repeat(200)}`, 400, /levels deep/],
    [`{"messages":${"[".repeat(50_000)}${"]".repeat(50_000)}}`, 400, /levels deep/],
  ])("is a body like %.20s", async (text, status, message) => {
    const response = await new TestApp().post(PATH, text);
    expect(response.status).toBe(status);
    expect(((await response.json()) as Json).error.message).toMatch(message);
  });

  it("isn't brackets within a string", async () => {
    const content = `"${"[".repeat(500)}\\`;
    expect((await requestFor({ messages: [{ role: "user", content }] })).messages[0].content).toBe(content);
  });

  it("is a body that any web page could send", async () => {
    const app = new TestApp();
    const body = JSON.stringify({ messages });
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
      expect((await app.post(PATH, body, { headers: { "content-type": type } })).status).toBe(415);
    }
    for (const type of ["application/json; charset=utf-8", "application/vnd.api+json", "Application/JSON"]) {
      expect((await app.post(PATH, body, { headers: { "content-type": type } })).status).toBe(200);
    }
  });
});
