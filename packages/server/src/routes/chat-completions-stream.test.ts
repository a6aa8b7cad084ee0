import { IzwiError, type ChatEvent } from "@izwi/core";
import { describe, expect, it, vi } from "vitest";
import { end, logprob } from "../openai/fakes/fake-model.js";
import { parseEvents, TestApp, type Json, type SentEvent } from "../openai/fakes/test-app.js";

const PATH = "/v1/chat/completions";
const messages = [{ role: "user", content: "Hi" }];
const never = new Promise(() => {});

async function chunksOf(events: (ChatEvent | Error)[], body: Json = {}): Promise<SentEvent[]> {
  const app = new TestApp();
  app.model.script = () => events;
  const sent = await app.stream(PATH, { messages, ...body });
  expect(app.models.leases).toBe(0);
  return sent;
}

const deltas = (sent: SentEvent[]) =>
  sent.filter(({ data }) => data.choices?.[0]).map(({ data }) => data.choices[0].delta);

describe("a streamed answer", () => {
  it("has OpenAI's chunks in OpenAI's order", async () => {
    const app = new TestApp();
    app.model.script = () => [{ type: "text-delta", text: "Hel" }, { type: "text-delta", text: "lo" }, end("length")];
    const response = await app.post(PATH, { model: "Fake", messages, stream: true });
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(response.headers.get("cache-control")).toContain("no-cache");
    const sent = parseEvents(await response.text());
    const [first] = sent;
    expect(first!.data).toEqual({
      id: expect.stringMatching(/^chatcmpl-/),
      object: "chat.completion.chunk",
      created: expect.any(Number),
      model: "Fake",
      system_fingerprint: expect.stringMatching(/^fp_/),
      choices: [{ index: 0, delta: { role: "assistant", content: "" }, logprobs: null, finish_reason: null }],
    });
    expect(deltas(sent)).toEqual([{ role: "assistant", content: "" }, { content: "Hel" }, { content: "lo" }, {}]);
    expect(sent.slice(0, -1).map(({ data }) => data.choices[0].finish_reason)).toEqual([null, null, null, "length"]);
    expect(new Set(sent.slice(0, -1).map(({ data }) => data.id)).size).toBe(1);
    expect(sent.at(-2)!.data.timings.predicted_n).toBe(3);
    expect(sent.at(-1)).toEqual({ data: "[DONE]" });
  });

  it("ends with the usage where it's asked for, and has null before", async () => {
    const sent = await chunksOf([{ type: "text-delta", text: "x" }, end()], {
      stream_options: { include_usage: true },
    });
    expect(sent.at(-1)!.data).toBe("[DONE]");
    expect(sent.at(-2)!.data).toMatchObject({
      choices: [],
      usage: {
        prompt_tokens: 5,
        completion_tokens: 3,
        total_tokens: 8,
        prompt_tokens_details: { cached_tokens: 2 },
        completion_tokens_details: { reasoning_tokens: 0 },
      },
    });
    expect(sent.slice(0, -2).every(({ data }) => data.usage === null)).toBe(true);
    const without = await chunksOf([{ type: "text-delta", text: "x" }, end()]);
    expect(without.slice(0, -1).some(({ data }) => "usage" in data)).toBe(false);
  });

  it("has thoughts, and log probabilities of the text", async () => {
    const sent = await chunksOf(
      [
        { type: "reasoning-delta", text: "Hm" },
        { type: "text-delta", text: "A", logprobs: [logprob("A", -1, [["A", -1]])] },
        end(),
      ],
      { logprobs: true, top_logprobs: 1 },
    );
    expect(deltas(sent)).toEqual([
      { role: "assistant", content: "" },
      { reasoning_content: "Hm" },
      { content: "A" },
      {},
    ]);
    const logprobs = sent.slice(0, -1).map(({ data }) => data.choices[0].logprobs);
    expect(logprobs).toEqual([
      null,
      null,
      {
        content: [{ token: "A", logprob: -1, bytes: [65], top_logprobs: [{ token: "A", logprob: -1, bytes: [65] }] }],
        refusal: null,
      },
      null,
    ]);
  });

  it("begins a tool call with its id and name, and its arguments follow in pieces", async () => {
    const sent = await chunksOf([
      { type: "tool-call-start", index: 0, name: "add" },
      { type: "tool-call-delta", index: 0, text: '{"a"' },
      { type: "tool-call-delta", index: 0, text: ":1}" },
      { type: "tool-call", index: 0, name: "add", arguments: '{"a":1}' },
      { type: "tool-call", index: 1, name: "sub", arguments: '{"b":2}' },
      end("tool-calls"),
    ]);
    const calls = deltas(sent).flatMap((delta) => delta.tool_calls ?? []);
    const id = expect.stringMatching(/^call_/);
    expect(calls).toEqual([
      { index: 0, id, type: "function", function: { name: "add", arguments: "" } },
      { index: 0, function: { arguments: '{"a"' } },
      { index: 0, function: { arguments: ":1}" } },
      { index: 1, id, type: "function", function: { name: "sub", arguments: '{"b":2}' } },
    ]);
    expect(calls[0].id).not.toBe(calls[3].id);
    expect(sent.at(-2)!.data.choices[0].finish_reason).toBe("tool_calls");
  });

  it("sends of a whole call what its pieces left out", async () => {
    const sent = await chunksOf([
      { type: "tool-call-start", index: 0, name: "f" },
      { type: "tool-call-delta", index: 0, text: '{"a"' },
      { type: "tool-call", index: 0, name: "f", arguments: '{"a":1}' },
      end("tool-calls"),
    ]);
    const calls = deltas(sent).flatMap((delta) => delta.tool_calls ?? []);
    expect(calls.map((call) => call.function.arguments).join("")).toBe('{"a":1}');
  });

  it("has the chunks of n answers as they come, each whole in itself", async () => {
    const app = new TestApp();
    app.model.script = (index) => [
      { type: "text-delta", text: `${index}a` },
      { type: "text-delta", text: `${index}b` },
      end("stop", { completionTokens: 2 }),
    ];
    const sent = await app.stream(PATH, { messages, n: 3, seed: 1, stream_options: { include_usage: true } });
    for (const index of [0, 1, 2]) {
      const own = sent.flatMap(({ data }) => (data.choices ?? []).filter((choice: Json) => choice.index === index));
      expect(own.map(({ delta }) => delta)).toEqual([
        { role: "assistant", content: "" },
        { content: `${index}a` },
        { content: `${index}b` },
        {},
      ]);
      expect(own.at(-1).finish_reason).toBe("stop");
    }
    expect(sent.at(-2)!.data.usage).toMatchObject({ prompt_tokens: 5, completion_tokens: 6 });
    expect(app.model.chats.map(({ seed }) => seed)).toEqual([1, 2, 3]);
  });
});

describe("a stream that waits", () => {
  it("sends comments while the prompt is computed, and then the answer", async () => {
    const app = new TestApp({ pingMs: 5 });
    let go = (): void => {};
    const prefill = new Promise<void>((resolve) => (go = resolve));
    app.model.script = () => [prefill, { type: "text-delta", text: "late" }, end()];
    const response = await app.post(PATH, { messages, stream: true });
    expect(response.status).toBe(200);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!/(: ping\n\n){3}/.test(text)) text += (await reader.read()).value;
    expect(text).not.toContain("data:");
    go();
    for (let next = await reader.read(); !next.done; next = await reader.read()) text += next.value;
    const sent = parseEvents(text).filter(({ comment }) => comment === undefined);
    expect(deltas(sent).map(({ content }) => content)).toEqual(["", "late", undefined]);
    expect(sent.at(-1)!.data).toBe("[DONE]");
  });

  it("sends comments also while a model is loaded, and tells a failure as an event", async () => {
    const app = new TestApp({ pingMs: 5 });
    let fail: (error: Error) => void = () => {};
    app.models.loading = new Promise<void>((_, reject) => (fail = reject));
    const response = await app.post(PATH, { messages, stream: true });
    expect(response.status).toBe(200);
    fail(new IzwiError("OUT_OF_MEMORY", "The weights don't fit."));
    const sent = parseEvents(await response.text());
    expect(sent[0]).toEqual({ comment: "ping" });
    expect(sent.at(-2)!.data.error).toMatchObject({ code: "out_of_memory", message: "The weights don't fit." });
    expect(sent.at(-1)!.data).toBe("[DONE]");
    expect(app.models.leases).toBe(0);
  });
});

describe("a stream that fails", () => {
  it("ends with an error event, and ends the other answers", async () => {
    const app = new TestApp();
    app.model.script = (index) =>
      index === 0
        ? [{ type: "text-delta", text: "so far" }, new IzwiError("INTERNAL", "broken")]
        : [{ type: "text-delta", text: "other" }, never, end()];
    const sent = await app.stream(PATH, { messages, n: 2 });
    expect(sent.at(-2)!.data).toEqual({
      error: { message: "broken", type: "server_error", param: null, code: "internal_error" },
    });
    expect(sent.at(-1)!.data).toBe("[DONE]");
    expect(deltas(sent)).toContainEqual({ content: "so far" });
    await expect.poll(() => app.model.running).toBe(0);
    expect(app.models.leases).toBe(0);
  });

  it("says so when it takes too long", async () => {
    const app = new TestApp({ timeoutMs: 30 });
    app.model.script = () => [{ type: "text-delta", text: "x" }, never, end()];
    const sent = await app.stream(PATH, { messages });
    expect(sent.at(-2)!.data.error.type).toBe("timeout_error");
    expect(sent.at(-1)!.data).toBe("[DONE]");
    expect(app.model.running).toBe(0);
    expect(app.models.leases).toBe(0);
  });
});

it("says to a client that took its time why there is no more", async () => {
  const app = new TestApp({ timeoutMs: 20 });
  app.model.script = () => [{ type: "text-delta", text: "x" }, { type: "text-delta", text: "y" }, end()];
  const response = await app.post(PATH, { messages, stream: true });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = (await reader.read()).value!;
  await expect.poll(() => app.models.leases).toBe(0);
  for (let next = await reader.read(); !next.done; next = await reader.read()) text += next.value;
  const sent = parseEvents(text);
  expect(sent.at(-2)!.data.error).toMatchObject({ type: "timeout_error" });
  expect(sent.at(-1)!.data).toBe("[DONE]");
});

describe("a client that goes away", () => {
  it.each([
    ["by closing the stream", "cancel"],
    ["by aborting the request", "abort"],
  ])("%s ends all answers", async (_, how) => {
    const app = new TestApp();
    app.model.script = () => [{ type: "text-delta", text: "x" }, never, end()];
    const abort = new AbortController();
    const response = await app.post(
      PATH,
      { messages, stream: true, n: 3 },
      { signal: abort.signal, headers: { "content-type": "application/json" } },
    );
    const reader = response.body!.getReader();
    await reader.read();
    expect(app.models.leases).toBe(1);
    if (how === "cancel") await reader.cancel();
    else abort.abort();
    await expect.poll(() => app.model.running).toBe(0);
    expect(app.models.leases).toBe(0);
  });

  it("while it waits for more ends the answer", async () => {
    const app = new TestApp();
    app.model.script = () => [{ type: "text-delta", text: "x" }, never, end()];
    const response = await app.post(PATH, { messages, stream: true });
    const reader = response.body!.getReader();
    for (let i = 0; i < 2; i++) await reader.read();
    const pending = reader.read();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(app.model.running).toBe(1);
    await reader.cancel();
    await pending;
    await expect.poll(() => app.model.running).toBe(0);
    expect(app.model.aborted).toBe(1);
    expect(app.models.leases).toBe(0);
  });

  it("during prefill ends it", async () => {
    const app = new TestApp();
    app.model.script = () => [never, end()];
    const abort = new AbortController();
    const response = app.post(
      PATH,
      { messages, stream: true },
      { signal: abort.signal, headers: { "content-type": "application/json" } },
    );
    await expect.poll(() => app.model.running).toBe(1);
    abort.abort();
    await response;
    expect(app.model.running).toBe(0);
    expect(app.model.aborted).toBe(1);
    expect(app.models.leases).toBe(0);
  });

  it("without ever reading the stream ends it", async () => {
    const app = new TestApp();
    app.model.script = () => [{ type: "text-delta", text: "x" }, { type: "text-delta", text: "y" }, end()];
    const abort = new AbortController();
    await app.post(
      PATH,
      { messages, stream: true },
      { signal: abort.signal, headers: { "content-type": "application/json" } },
    );
    expect(app.models.leases).toBe(1);
    abort.abort();
    await expect.poll(() => app.model.running).toBe(0);
    expect(app.models.leases).toBe(0);
  });
});

it("makes no more than the client takes", async () => {
  const app = new TestApp();
  const chat = vi.spyOn(app.model, "chat");
  let taken = 0;
  chat.mockImplementation(() => {
    const events = async function* (): AsyncGenerator<ChatEvent, undefined> {
      for (; taken < 1000; taken++) yield { type: "text-delta", text: "x" };
      yield end();
      return undefined;
    };
    return Object.assign(events(), { endThinking: () => {} });
  });
  const response = await app.post(PATH, { messages, stream: true });
  const reader = response.body!.getReader();
  for (let i = 0; i < 5; i++) await reader.read();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(taken).toBeLessThan(20);
  await reader.cancel();
});
