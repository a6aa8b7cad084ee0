/** The official `openai` client for Node, unchanged but for its base URL. */
import OpenAI, { AuthenticationError, BadRequestError, NotFoundError } from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MODEL, serve, type TestServer } from "./running-server.js";

let server: TestServer;
let client: OpenAI;

beforeAll(async () => {
  server = await serve();
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none", maxRetries: 0 });
});
afterAll(() => server.stop());

const user = (content: string) => [{ role: "user" as const, content }];

/** Ids that end a turn are ruled out, so that an answer is as long as it may be. */
async function endless(): Promise<Record<string, number>> {
  const ends: number[] = [];
  for (const content of ["<|im_end|>", "<|endoftext|>"]) {
    const response = await fetch(`${server.url}/tokenize`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: MODEL, content, parse_special: true }),
    });
    ends.push(...((await response.json()) as { tokens: number[] }).tokens);
  }
  return Object.fromEntries(ends.map((id) => [id, -100]));
}

const PERSON = {
  type: "object",
  properties: { name: { type: "string", maxLength: 12 }, age: { type: "integer", minimum: 0, maximum: 150 } },
  required: ["name", "age"],
  additionalProperties: false,
};

const TOOLS: OpenAI.ChatCompletionTool[] = [
  { type: "function", function: { name: "save_person", description: "Saves a person.", parameters: PERSON } },
];

describe("chat completions", () => {
  it("answer the seed's request as the seed prints it", async () => {
    const answer = await client.chat.completions.create({
      model: "builtin",
      messages: [
        { role: "system", content: "You are a helpful assistant." },
        { role: "user", content: "Hello!" },
      ],
      temperature: 0.7,
      max_tokens: 1000,
    });
    expect(answer.id).toMatch(/^chatcmpl-/);
    expect(answer.object).toBe("chat.completion");
    expect(Math.abs(answer.created - Date.now() / 1000)).toBeLessThan(60);
    expect(answer.model).toBe("builtin");
    expect(answer.choices).toHaveLength(1);
    expect(answer.choices[0]).toMatchObject({ index: 0, message: { role: "assistant" }, finish_reason: "stop" });
    expect(answer.choices[0]!.message.content).toMatch(/\w/);
    expect(answer.usage!.total_tokens).toBe(answer.usage!.prompt_tokens + answer.usage!.completion_tokens);
  });

  it("remember what the messages say, and reuse their prefix", async () => {
    const first = [...user("My name is Alice"), { role: "assistant" as const, content: "Nice to meet you, Alice!" }];
    const ask = () =>
      client.chat.completions.create({
        model: MODEL,
        temperature: 0,
        messages: [...first, ...user("What's my name?")],
      });
    expect((await ask()).choices[0]!.message.content).toBe("Your name is Alice.");
    expect((await ask()).usage!.prompt_tokens_details!.cached_tokens).toBeGreaterThan(0);
  });

  it("stream the same text, with a role first and the usage last", async () => {
    const request = { model: MODEL, temperature: 0, messages: user("Count from 1 to 7") };
    const whole = (await client.chat.completions.create(request)).choices[0]!.message.content;
    const stream = await client.chat.completions.create({
      ...request,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks[0]!.choices[0]!.delta.role).toBe("assistant");
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toBe(whole);
    expect(chunks.at(-1)!.choices).toEqual([]);
    expect(chunks.at(-1)!.usage!.completion_tokens).toBeGreaterThan(5);
    expect(chunks.at(-2)!.choices[0]!.finish_reason).toBe("stop");
    expect(new Set(chunks.map((chunk) => chunk.id)).size).toBe(1);
  });

  it("give `n` answers, the same again for the same seed", async () => {
    const ask = async (seed: number) => {
      const request = { model: MODEL, messages: user("Tell me a joke"), n: 3, seed, temperature: 1.2, max_tokens: 24 };
      const { choices } = await client.chat.completions.create(request);
      expect(choices.map((choice) => choice.index)).toEqual([0, 1, 2]);
      return choices.map((choice) => choice.message.content);
    };
    expect(await ask(7)).toEqual(await ask(7));
  });

  it("end at stop strings and at the token limit", async () => {
    const request = { model: MODEL, temperature: 0, messages: user("Count from 1 to 9") };
    const stopped = await client.chat.completions.create({ ...request, stop: ["4"] });
    expect(stopped.choices[0]!.finish_reason).toBe("stop");
    expect(stopped.choices[0]!.message.content).toMatch(/3/);
    expect(stopped.choices[0]!.message.content).not.toMatch(/4/);
    const cut = await client.chat.completions.create({ ...request, max_completion_tokens: 3 });
    expect(cut.choices[0]!.finish_reason).toBe("length");
    expect(cut.usage!.completion_tokens).toBe(3);
  });

  it("report log probabilities that belong to the text", async () => {
    const { choices } = await client.chat.completions.create({
      model: MODEL,
      messages: user("Hello!"),
      temperature: 0,
      logprobs: true,
      top_logprobs: 3,
    });
    const content = choices[0]!.logprobs!.content!;
    expect(content.map(({ token }) => token).join("")).toContain(choices[0]!.message.content!);
    for (const { logprob, top_logprobs: top } of content) {
      expect(top).toHaveLength(3);
      // Greedy: the chosen one is the most likely one.
      expect(top[0]!.logprob).toBeCloseTo(logprob, 5);
      expect(logprob).toBeLessThanOrEqual(0);
    }
  });

  it("obey a JSON schema, whatever the model would rather say", async () => {
    for (let seed = 0; seed < 10; seed += 1) {
      const { choices } = await client.chat.completions.create({
        model: MODEL,
        messages: user("Describe a person"),
        temperature: 1.5,
        seed,
        max_tokens: 200,
        response_format: { type: "json_schema", json_schema: { name: "person", schema: PERSON, strict: true } },
      });
      if (choices[0]!.finish_reason === "length") continue;
      const person = JSON.parse(choices[0]!.message.content!) as { name: string; age: number };
      expect(Object.keys(person).sort()).toEqual(["age", "name"]);
      expect(Number.isInteger(person.age) && person.age >= 0 && person.age <= 150).toBe(true);
      expect(person.name.length).toBeLessThanOrEqual(12);
    }
  });

  it("call a required tool, whole and streamed alike", async () => {
    const request: OpenAI.ChatCompletionCreateParamsNonStreaming = {
      model: MODEL,
      messages: user("Save Alice, who is 30"),
      tools: TOOLS,
      tool_choice: "required",
      parallel_tool_calls: false,
      temperature: 0,
      max_tokens: 200,
    };
    const { choices } = await client.chat.completions.create(request);
    expect(choices[0]!.finish_reason).toBe("tool_calls");
    const call = choices[0]!.message.tool_calls![0]! as OpenAI.ChatCompletionMessageFunctionToolCall;
    expect(call.id).toMatch(/^call_/);
    expect(call.function.name).toBe("save_person");
    expect(Object.keys(JSON.parse(call.function.arguments) as object).sort()).toEqual(["age", "name"]);

    const stream = await client.chat.completions.create({ ...request, stream: true });
    const deltas = [];
    for await (const chunk of stream) deltas.push(...(chunk.choices[0]?.delta.tool_calls ?? []));
    expect(deltas[0]!.id).toMatch(/^call_/);
    expect(deltas[0]!.function!.name).toBe("save_person");
    expect(deltas.map((delta) => delta.function?.arguments ?? "").join("")).toBe(call.function.arguments);
    expect(deltas.length).toBeGreaterThan(2);
  });

  it("take a tool's result back", async () => {
    const { choices } = await client.chat.completions.create({
      model: MODEL,
      tools: TOOLS,
      max_tokens: 40,
      messages: [
        ...user("Save Alice, who is 30"),
        {
          role: "assistant",
          content: null,
          tool_calls: [
            {
              id: "call_1",
              type: "function",
              function: { name: "save_person", arguments: '{"name":"Alice","age":30}' },
            },
          ],
        },
        { role: "tool", tool_call_id: "call_1", content: "saved" },
      ],
    });
    expect(choices[0]!.message.role).toBe("assistant");
  });

  it("keep thoughts out of the answer, and within their budget", async () => {
    const request = { model: MODEL, messages: user("What is 3 plus 4?"), max_tokens: 100, temperature: 0 };
    const thinking = { ...request, chat_template_kwargs: { enable_thinking: true } };
    const answer = await client.chat.completions.create(thinking as OpenAI.ChatCompletionCreateParamsNonStreaming);
    const message = answer.choices[0]!.message as { content: string; reasoning_content?: string };
    expect(message.content).not.toContain("think>");
    expect(answer.usage!.completion_tokens_details!.reasoning_tokens).toBeGreaterThan(0);
    const plain = await client.chat.completions.create(request);
    expect(plain.usage!.completion_tokens_details?.reasoning_tokens ?? 0).toBe(0);
  });

  it("stop the work when the client goes", async () => {
    const aborter = new AbortController();
    const request = { model: MODEL, messages: user("Hello!"), logit_bias: await endless(), stream: true as const };
    const stream = await client.chat.completions.create(request, { signal: aborter.signal });
    const reading = (async () => {
      for await (const _ of stream) aborter.abort();
    })();
    await reading.catch(() => undefined);
    expect(aborter.signal.aborted).toBe(true);
    expect(await server.leftActive()).toBe(0);
  });
});

describe("errors", () => {
  it("name the parameter that is wrong", async () => {
    const wrong = client.chat.completions.create({ model: MODEL, messages: user("Hi"), temperature: -1 });
    const error: BadRequestError = await wrong.then(
      () => expect.unreachable(),
      (reason) => reason,
    );
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({ status: 400, param: "temperature", type: "invalid_request_error" });
    expect(error.requestID).toMatch(/\w/);
  });

  it("refuse a picture in words", async () => {
    const content = [{ type: "image_url" as const, image_url: { url: "data:image/png;base64,AA==" } }];
    const picture = client.chat.completions.create({ model: MODEL, messages: [{ role: "user", content }] });
    await expect(picture).rejects.toMatchObject({ status: 400, param: expect.stringContaining("messages") });
  });

  it("suggest a model's name", async () => {
    const missing = client.chat.completions.create({ model: "izwi-tinny", messages: user("Hi") });
    const error: NotFoundError = await missing.then(
      () => expect.unreachable(),
      (reason) => reason,
    );
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error.code).toBe("model_not_found");
    expect(error.message).toContain(MODEL);
  });

  it("say both numbers when the context overflows", async () => {
    const long = client.chat.completions.create({ model: MODEL, messages: user("word ".repeat(5000)) });
    const error: BadRequestError = await long.then(
      () => expect.unreachable(),
      (reason) => reason,
    );
    expect(error).toMatchObject({ status: 400, code: "context_length_exceeded" });
    expect(error.message).toMatch(/\d{4}.*\d{4}/s);
  });

  it("demand the key where there is one", async () => {
    const locked = await serve("--api-key", "sesame");
    try {
      const baseURL = `${locked.url}/v1`;
      const stranger = new OpenAI({ baseURL, apiKey: "wrong", maxRetries: 0 });
      await expect(stranger.models.list()).rejects.toBeInstanceOf(AuthenticationError);
      const friend = new OpenAI({ baseURL, apiKey: "sesame", maxRetries: 0 });
      expect((await friend.models.list()).data.map(({ id }) => id)).toContain(MODEL);
    } finally {
      expect(await locked.stop()).toBe(0);
    }
  });
});

describe("the other endpoints", () => {
  it("list models", async () => {
    const { data } = await client.models.list();
    expect(data.map(({ id }) => id)).toContain(MODEL);
    expect(await client.models.retrieve(MODEL)).toMatchObject({ id: MODEL, object: "model" });
  });

  it("complete text and score it", async () => {
    const request = { model: MODEL, prompt: "<|im_start|>user\nHello!", max_tokens: 8, temperature: 0 };
    const { choices } = await client.completions.create({ ...request, echo: true, logprobs: 2 });
    expect(choices[0]!.text.startsWith(request.prompt)).toBe(true);
    const { tokens, token_logprobs: scores, text_offset: offsets } = choices[0]!.logprobs!;
    expect(scores![0]).toBeNull();
    expect(tokens!.length).toBe(scores!.length);
    expect(offsets!.length).toBe(scores!.length);
    expect(tokens!.join("")).toBe(choices[0]!.text);
  });

  it("embed texts, the same text to the same place", async () => {
    const { data } = await client.embeddings.create({ model: MODEL, input: ["a cat", "a cat", "the number 7"] });
    const [first, second, third] = data.map(({ embedding }) => embedding) as [number[], number[], number[]];
    const dot = (a: number[], b: number[]) => a.reduce((sum, value, index) => sum + value * b[index]!, 0);
    expect(dot(first, first)).toBeCloseTo(1, 4);
    expect(dot(first, second)).toBeCloseTo(1, 3);
    expect(dot(first, third)).toBeLessThan(0.999);
  });

  it("respond, and go on from a response", async () => {
    const first = await client.responses.create({ model: MODEL, input: "My name is Alice", temperature: 0 });
    expect(first.output_text).toMatch(/\w/);
    const second = await client.responses.create({
      model: MODEL,
      input: "What's my name?",
      previous_response_id: first.id,
      temperature: 0,
    });
    expect(second.output_text).toBe("Your name is Alice.");
    let text = "";
    const stream = await client.responses.create({ model: MODEL, input: "Hello!", stream: true, temperature: 0 });
    let completed = "";
    for await (const event of stream) {
      if (event.type === "response.output_text.delta") text += event.delta;
      if (event.type === "response.completed") completed = event.response.output[0]!.type;
    }
    expect(text).toMatch(/\w/);
    expect(completed).toBe("message");
  });
});
