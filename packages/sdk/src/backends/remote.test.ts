import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { chat } from "../chat.js";
import type { ChatOptions } from "../settings.js";
import { openBackend } from "./open.js";
import { tool } from "../tools.js";

type Body = Record<string, unknown> & { messages: Record<string, unknown>[] };
/** Chunks to stream, or a status with a body. */
type Answer = (object | string)[] | { status: number; error: object };

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

/** A server that gives these answers in order, and remembers what it was sent. */
async function serve(answers: Answer[], models: object = { object: "list", data: [{ id: "only" }] }) {
  const bodies: Body[] = [];
  const headers: IncomingMessage["headers"][] = [];
  const gone = vi.fn();
  server = createServer(async (request, response) => {
    headers.push(request.headers);
    if (request.url!.startsWith("/v1/models")) {
      response.setHeader("content-type", "application/json").end(JSON.stringify(models));
      return;
    }
    let text = "";
    for await (const chunk of request) text += String(chunk);
    bodies.push(JSON.parse(text) as Body);
    const answer = answers.shift()!;
    if (!Array.isArray(answer)) {
      response.writeHead(answer.status, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: answer.error }));
      return;
    }
    response.on("close", () => response.writableFinished || gone());
    response.setHeader("content-type", "text/event-stream");
    for (const chunk of answer) {
      if (chunk === "hang") return;
      if (chunk === "pause") {
        await new Promise((resolve) => setTimeout(resolve, 1));
        continue;
      }
      response.write(`data: ${typeof chunk === "string" ? chunk : JSON.stringify(chunk)}\n\n`);
    }
    response.end("data: [DONE]\n\n");
  });
  await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const start = (options: ChatOptions = {}) => chat({ model: "m", baseUrl, ...options });
  return { bodies, headers, gone, baseUrl, start };
}

const delta = (delta: object, finish_reason: string | null = null) => ({
  choices: [{ index: 0, delta, finish_reason }],
});
const text = (...pieces: string[]): object[] => [
  ...pieces.map((content) => delta({ content })),
  delta({}, "stop"),
  {
    choices: [],
    usage: { prompt_tokens: 10, completion_tokens: 3, total_tokens: 13, prompt_tokens_details: { cached_tokens: 4 } },
  },
];

describe("the request", () => {
  it("has the conversation, the default temperature, and says that nothing is to be thought", async () => {
    const { start, bodies, headers } = await serve([text("Hi.")]);
    await using s = start({ system: "S" });
    expect(await s.send("Hello")).toBe("Hi.");
    expect(bodies[0]).toEqual({
      model: "m",
      messages: [
        { role: "system", content: "S" },
        { role: "user", content: "Hello" },
      ],
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0.7,
      chat_template_kwargs: { enable_thinking: false },
    });
    expect(headers.every(({ authorization }) => authorization === undefined)).toBe(true);
    expect(s.lastReply).toMatchObject({
      model: "m",
      usage: { promptTokens: 10, completionTokens: 3, cachedTokens: 4 },
      context: { used: 13 },
    });
  });

  it("has key, headers and settings by their wire names", async () => {
    const { start, bodies, headers } = await serve([text("Hi.")]);
    const settings = { topK: 5, minP: 0.1, maxTokens: 7, seed: 1, stop: ["x"], repetitionPenalty: 1.1, temperature: 0 };
    await using s = start({ apiKey: "key", headers: { "x-team": "a" }, ...settings, thinking: { budget: 64 } });
    await s.send("Hello");
    expect(bodies[0]).toMatchObject({
      temperature: 0,
      top_k: 5,
      min_p: 0.1,
      max_tokens: 7,
      seed: 1,
      stop: ["x"],
      repetition_penalty: 1.1,
      chat_template_kwargs: { enable_thinking: true },
      thinking_budget: 64,
    });
    expect(headers.at(-1)).toMatchObject({ authorization: "Bearer key", "x-team": "a" });
  });

  it("asks for a schema, strictly where the schema allows that", async () => {
    const { start, bodies } = await serve([text(`{"n":1}`), text("{}")]);
    await using s = start();
    expect(await s.send("?", { schema: z.object({ n: z.number() }) })).toEqual({ n: 1 });
    await s.send("?", { schema: z.object({ n: z.number().optional() }) });
    const strict = bodies.map(
      ({ response_format }) => (response_format as { json_schema: { strict: boolean } }).json_schema.strict,
    );
    expect(strict).toEqual([true, false]);
  });

  it("is sent again without a field that wasn't asked for and isn't known there", async () => {
    const refuse = (param: string): Answer => ({ status: 400, error: { message: `Unknown: ${param}`, param } });
    const answers = [refuse("chat_template_kwargs"), refuse("max_tokens"), refuse("temperature"), text("a"), text("b")];
    const { start, bodies } = await serve(answers);
    await using s = start({ maxTokens: 5 });
    expect(await s.send("1")).toBe("a");
    expect(await s.send("2")).toBe("b");
    expect(bodies).toHaveLength(5);
    expect(bodies.at(-1)).toMatchObject({ max_completion_tokens: 5 });
    for (const field of ["max_tokens", "temperature", "chat_template_kwargs"])
      expect(bodies.at(-1)).not.toHaveProperty(field);
  });

  it("isn't sent again without what was asked for", async () => {
    const { start } = await serve([{ status: 400, error: { message: "temperature: no", param: "temperature" } }]);
    await using s = start({ temperature: 0 });
    await expect(s.send("1")).rejects.toMatchObject({
      code: "INVALID_REQUEST",
      message: expect.stringContaining("temperature: no"),
    });
  });

  it("takes the server's only model where none is named", async () => {
    const { baseUrl, bodies } = await serve([text("a")]);
    await using s = chat({ baseUrl });
    await s.send("x");
    expect(bodies[0]!["model"]).toBe("only");
    const several = await serve([], { object: "list", data: [{ id: "a" }, { id: "b" }] });
    await expect(chat({ baseUrl: several.baseUrl }).send("x")).rejects.toThrow(/Give a model: .* has a, b/);
    await expect(chat({ baseUrl: "host", model: "m" }).send("x")).rejects.toThrow(/baseUrl must begin with http/);
  });
});

describe("the answer", () => {
  it("may think in a field of its own or in the text", async () => {
    const own = [delta({ reasoning_content: "Hm." }), ...text("Yes.")];
    const { start } = await serve([
      own,
      [delta({ reasoning: "Hm." }), ...text("Yes.")],
      text("<think>Hm.</th", "ink>\n\nYes."),
    ]);
    await using s = start({ thinking: true });
    for (let turn = 0; turn < 3; turn++) {
      expect(await s.send("?")).toBe("Yes.");
      expect(s.lastReply!.reasoning).toBe("Hm.");
    }
  });

  it("may call tools, in pieces", async () => {
    const piece = (call: object) => delta({ tool_calls: [{ index: 0, ...call }] });
    const calling = [
      piece({ id: "abc", type: "function", function: { name: "add", arguments: "" } }),
      piece({ function: { arguments: `{"a":` } }),
      piece({ function: { arguments: "2}" } }),
      delta({}, "tool_calls"),
    ];
    const { start, bodies } = await serve([calling, text("4")]);
    const add = tool({ parameters: z.object({ a: z.number() }), execute: ({ a }) => a + 2 });
    await using s = start({ tools: { add } });
    expect(await s.send("2 + 2?")).toBe("4");
    expect(bodies[1]!.messages.slice(1)).toEqual([
      {
        role: "assistant",
        content: "",
        tool_calls: [{ id: "call_1", type: "function", function: { name: "add", arguments: `{"a":2}` } }],
      },
      { role: "tool", content: "4", tool_call_id: "call_1" },
    ]);
  });

  it("left early or aborted, closes the connection", async () => {
    const { start, gone } = await serve([
      [delta({ content: "one" }), "hang"],
      [delta({ content: "one" }), "hang"],
    ]);
    await using s = start();
    for await (const _ of s.stream("1")) break;
    await vi.waitFor(() => expect(gone).toHaveBeenCalledTimes(1));
    expect(s.history[1]).toEqual({ role: "assistant", content: "one", truncated: true });
    await expect(s.send("2", { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({ code: "ABORTED" });
    await vi.waitFor(() => expect(gone).toHaveBeenCalledTimes(2));
    expect(s.history).toHaveLength(2);
  });

  it("endThinking asks again without thinking", async () => {
    const { start, bodies } = await serve([[delta({ reasoning_content: "on and on" }), "hang"], text("Yes.")]);
    await using s = start({ thinking: true });
    const stream = s.stream("?");
    for await (const event of stream.events) if (event.type === "reasoning-delta") stream.endThinking();
    expect(await stream.text).toBe("Yes.");
    expect(bodies[1]).toMatchObject({ chat_template_kwargs: { enable_thinking: false } });
  });

  it("that breaks off is a failure", async () => {
    const { start } = await serve([
      [delta({ content: "half" })],
      [delta({ content: "half" }), { error: { message: "GPU lost" } }],
    ]);
    await using s = start();
    await expect(s.send("1")).rejects.toMatchObject({
      code: "UPSTREAM_FAILED",
      message: expect.stringContaining("broke off"),
    });
    await expect(s.send("2")).rejects.toMatchObject({
      code: "UPSTREAM_FAILED",
      message: expect.stringContaining("GPU lost"),
    });
    expect(s.history).toEqual([]);
  });
});

describe("failures have codes", () => {
  it.each([
    [400, { message: "too long", code: "context_length_exceeded" }, "CONTEXT_OVERFLOW"],
    [404, { message: "no such model", code: "model_not_found" }, "MODEL_NOT_FOUND"],
    [401, { message: "bad key" }, "UPSTREAM_FAILED"],
    [422, { message: "bad field" }, "INVALID_REQUEST"],
  ])("%i %j is %s", async (status, error, code) => {
    const { start } = await serve([{ status, error }]);
    await using s = start();
    await expect(s.send("x")).rejects.toMatchObject({ code, message: expect.stringContaining(error.message) });
  });

  it("a server that can't be reached is named", async () => {
    const s = chat({ baseUrl: "http://127.0.0.1:9/v1", model: "m" });
    const error = await s.send("x").catch((error: unknown) => error);
    expect(error).toMatchObject({
      code: "UPSTREAM_FAILED",
      message: expect.stringMatching(/http:\/\/127.*can't be reached/),
    });
  });
});

it("asks a busy server again, unless it isn't to", async () => {
  const busy = { status: 429, error: { message: "Too many." } };
  const again = await serve([busy, text("Hi.")]);
  await using session = again.start();
  expect(await session.send("Hello")).toBe("Hi.");
  expect(again.bodies).toHaveLength(2);
  server?.closeAllConnections();
  server?.close();

  const once = await serve([busy, text("Hi.")]);
  const backend = await openBackend({ model: "m", baseUrl: once.baseUrl, maxRetries: 0 });
  const request = { messages: [{ role: "user" as const, content: "Hello" }] };
  const answer = backend.chat(request, { signal: new AbortController().signal })[Symbol.asyncIterator]();
  await expect(answer.next()).rejects.toMatchObject({ code: "QUEUE_FULL" });
  expect(once.bodies).toHaveLength(1);
});

it("an answer that is given up ends at once, wherever it is", async () => {
  const times = 40;
  const pieces = text(...Array.from({ length: 200 }, (_, index) => `${index} `));
  const paused = pieces.flatMap((piece, index) => (index % 5 === 0 ? ["pause", piece] : [piece]));
  const { baseUrl } = await serve(Array.from({ length: times }, () => paused));
  const backend = await openBackend({ model: "m", baseUrl });
  const request = { messages: [{ role: "user" as const, content: "Hello" }] };
  for (let leaveAfter = 1; leaveAfter <= times; leaveAfter++) {
    const leave = new AbortController();
    const read = async () => {
      let count = 0;
      for await (const _ of backend.chat(request, { signal: leave.signal })) if (++count === leaveAfter) leave.abort();
    };
    await expect(read()).rejects.toMatchObject({ code: "ABORTED" });
  }
});
