import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { streamAnswer, type AnswerEvent } from "./answer-stream.js";
import { ApiFailure } from "./http.js";

beforeEach(() => vi.stubGlobal("localStorage", { getItem: () => null }));
afterEach(() => vi.unstubAllGlobals());

function answering(chunks: unknown[], { done = true, status = 200 } = {}) {
  const lines = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`);
  const body = status === 200 ? `${lines.join("")}${done ? "data: [DONE]\n\n" : ""}` : JSON.stringify(chunks[0]);
  vi.stubGlobal("fetch", async () => new Response(body, { status }));
}

async function read(): Promise<AnswerEvent[]> {
  const events: AnswerEvent[] = [];
  const stream = streamAnswer("/v1/chat/completions", {}, new AbortController().signal);
  for await (const event of stream) events.push(event);
  return events;
}

const delta = (delta: object, finish: string | null = null) => ({ choices: [{ delta, finish_reason: finish }] });

describe("an answer's stream", () => {
  it("tells thoughts, text and the end with what it took", async () => {
    answering([
      delta({ role: "assistant", content: "" }),
      delta({ reasoning_content: "Hm" }),
      delta({ content: "Hi" }),
      { ...delta({}, "stop"), timings: { predicted_per_second: 20, time_to_first_token_ms: 5 } },
      { choices: [], usage: { prompt_tokens: 3, completion_tokens: 2 } },
    ]);
    expect(await read()).toEqual([
      { type: "reasoning-delta", text: "Hm" },
      { type: "text-delta", text: "Hi" },
      {
        type: "end",
        finishReason: "stop",
        usage: { promptTokens: 3, answerTokens: 2, tokensPerSecond: 20, firstTokenMs: 5 },
      },
    ]);
  });

  it("is a completion's as well", async () => {
    answering([
      { choices: [{ text: "Hi", finish_reason: null }] },
      { choices: [{ text: "", finish_reason: "length" }] },
    ]);
    expect(await read()).toEqual([
      { type: "text-delta", text: "Hi" },
      { type: "end", finishReason: "length", usage: undefined },
    ]);
  });

  it("that has no end is an interruption", async () => {
    answering([delta({ content: "Hi" })], { done: false });
    await expect(read()).rejects.toMatchObject({ kind: "interrupted" });
  });

  it("that tells of an error fails with its words", async () => {
    answering([delta({ content: "Hi" }), { error: { message: "Out of memory.", code: "oom" } }]);
    await expect(read()).rejects.toMatchObject({ kind: "refused", message: "Out of memory.", code: "oom" });
  });

  it.each([
    [401, { error: { message: "The API key is wrong." } }, "unauthorized", "The API key is wrong."],
    [404, { error: { message: "No such model." } }, "refused", "No such model."],
    [500, "nonsense", "refused", "The server answered with status 500."],
  ])("that is refused with %i says why", async (status, body, kind, message) => {
    answering([body], { status });
    await expect(read()).rejects.toMatchObject({ kind, message });
  });

  it("can't be had of a server that is away", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
    const failure: unknown = await read().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ApiFailure);
    expect(failure).toMatchObject({ kind: "unreachable" });
  });
});
