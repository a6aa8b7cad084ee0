import { IzwiError, type ChatEvent } from "@izwi/core";
import { accumulateResponse } from "openai/lib/responses/ResponseAccumulator";
import { describe, expect, it } from "vitest";
import { end } from "../openai/fakes/fake-model.js";
import { TestApp, type Json, type SentEvent } from "../openai/fakes/test-app.js";

const PATH = "/v1/responses";

function appThatAnswers(...events: (ChatEvent | Error)[]): TestApp {
  const app = new TestApp();
  app.model.script = () => events;
  return app;
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

describe("a streamed response", () => {
  const stream = async (app: TestApp, body: Json = {}): Promise<SentEvent[]> => {
    const sent = await app.stream(PATH, { input: "Hi", ...body });
    expect(app.models.leases).toBe(0);
    return sent;
  };

  it("has OpenAI's events in OpenAI's order", async () => {
    const sent = await stream(
      appThatAnswers({ type: "text-delta", text: "Hel" }, { type: "text-delta", text: "lo" }, end()),
    );
    expect(sent.map(({ event }) => event)).toEqual([
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.content_part.added",
      "response.output_text.delta",
      "response.output_text.delta",
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.completed",
    ]);
    expect(sent.map(({ data }) => data.type)).toEqual(sent.map(({ event }) => event));
    expect(sent.map(({ data }) => data.sequence_number)).toEqual([...sent.keys()]);
    expect(sent[0]!.data.response).toMatchObject({ status: "in_progress", output: [], usage: null });
    const { item } = sent[2]!.data;
    expect(item).toMatchObject({ type: "message", status: "in_progress", content: [] });
    expect(sent[4]!.data).toMatchObject({
      item_id: item.id,
      output_index: 0,
      content_index: 0,
      delta: "Hel",
      logprobs: [],
    });
    expect(sent[6]!.data).toMatchObject({ text: "Hello" });
    expect(sent.at(-1)!.data.response).toMatchObject({ status: "completed", usage: { total_tokens: 8 } });
  });

  it.each([{}, { reasoning: { summary: "auto" } }])(
    "adds up to the whole response in the official client, with %j",
    async (body) => {
      const sent = await stream(appThatAnswers(...everything), body);
      let snapshot: Parameters<typeof accumulateResponse>[1];
      let before: unknown;
      for (const { data } of sent) {
        // The last event has the whole: what was added up from the pieces must be the same.
        if (data.type === "response.completed") before = structuredClone(snapshot!.output);
        snapshot = accumulateResponse(data, snapshot);
      }
      expect(before).toEqual(snapshot!.output);
      expect(snapshot!.output_text).toBe("I'll add.");
      expect(snapshot!.output.map(({ type }) => type)).toEqual([
        "reasoning",
        "message",
        "function_call",
        "function_call",
      ]);
      expect(sent.map(({ data }) => data.sequence_number)).toEqual([...sent.keys()]);
    },
  );

  it("ends as incomplete where it was cut off", async () => {
    const sent = await stream(
      appThatAnswers(
        { type: "tool-call-start", index: 0, name: "f" },
        { type: "tool-call-delta", index: 0, text: "{" },
        end("length"),
      ),
    );
    expect(sent.at(-1)!.event).toBe("response.incomplete");
    expect(sent.at(-1)!.data.response.output).toMatchObject([
      { type: "function_call", status: "incomplete", arguments: "{" },
    ]);
  });

  it("is kept by the time its end is told", async () => {
    const app = new TestApp();
    const response = await app.post(PATH, { input: "Hi", stream: true });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes("response.completed")) text += (await reader.read()).value;
    const [, id] = /"id":"(resp_\w+)"/.exec(text)!;
    await reader.cancel();
    expect((await app.app.request(`${PATH}/${id}`)).status).toBe(200);
  });

  it("tells a failure in both forms that clients know, and ends", async () => {
    const app = appThatAnswers({ type: "text-delta", text: "x" }, new IzwiError("INTERNAL", "broken"));
    const sent = await stream(app);
    expect(sent.at(-2)).toMatchObject({
      event: "response.failed",
      data: { response: { status: "failed", error: { code: "internal_error", message: "broken" } } },
    });
    expect(sent.at(-1)).toMatchObject({
      event: "error",
      data: { type: "error", code: "internal_error", message: "broken", error: { type: "server_error" } },
    });
    expect((await app.app.request(`${PATH}/${sent[0]!.data.response.id}`)).status).toBe(404);
  });

  it("fails with a status before it begins", async () => {
    const app = appThatAnswers(new IzwiError("CONTEXT_OVERFLOW", "600 tokens of 512"));
    const { status, body } = await app.json(PATH, { input: "Hi", stream: true });
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ param: "input", code: "context_length_exceeded" });
  });

  it("ends its answer when the client goes away, and isn't kept", async () => {
    const app = new TestApp();
    app.model.script = () => [{ type: "text-delta", text: "x" }, new Promise(() => {}), end()];
    const response = await app.post(PATH, { input: "Hi", stream: true });
    const reader = response.body!.getReader();
    await reader.read();
    await reader.cancel();
    await expect.poll(() => app.model.running).toBe(0);
    expect(app.models.leases).toBe(0);
  });
});
