import { IzwiError } from "@izwi/core";
import { describe, expect, it } from "vitest";
import { TestApp, type Json } from "../openai/fakes/test-app.js";

const PATH = "/v1/embeddings";
const bytes = (text: string) => [...new TextEncoder().encode(text)];

describe("POST /v1/embeddings", () => {
  it("has one vector for each text, in OpenAI's shape", async () => {
    const app = new TestApp();
    const { status, body } = await app.json(PATH, { model: "Fake", input: ["ab", "c"] });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      object: "list",
      model: "Fake",
      data: [
        { object: "embedding", index: 0 },
        { object: "embedding", index: 1 },
      ],
      usage: { prompt_tokens: 3, total_tokens: 3 },
    });
    for (const [index, value] of [0.2, 0.4, 0.4, 0.8].entries())
      expect(body.data[1].embedding[index]).toBeCloseTo(value);
    expect(app.model.embedded).toEqual([
      { tokenIds: bytes("ab"), pooling: "mean" },
      { tokenIds: bytes("c"), pooling: "mean" },
    ]);
    expect(app.models.leases).toBe(0);
  });

  it("takes token ids, and text for what it is", async () => {
    const app = new TestApp();
    await app.json(PATH, { input: [[1, 2], [3]] });
    await app.json(PATH, { input: [4, 5] });
    await app.json(PATH, { input: "<|im_end|>", pooling: "last" });
    expect(app.model.embedded).toEqual([
      { tokenIds: [1, 2], pooling: "mean" },
      { tokenIds: [3], pooling: "mean" },
      { tokenIds: [4, 5], pooling: "mean" },
      { tokenIds: bytes("<|im_end|>"), pooling: "last" },
    ]);
  });

  it("writes base64 that the official clients read as 32-bit floats", async () => {
    const { body } = await new TestApp().json(PATH, { input: "a", encoding_format: "base64" });
    const buffer = Buffer.from(body.data[0].embedding, "base64");
    expect(buffer.length).toBe(16);
    expect([0, 4, 8, 12].map((at) => buffer.readFloatLE(at))).toEqual([0.2, 0.4, 0.4, 0.8].map(Math.fround));
  });

  it("shortens vectors to length 1 again", async () => {
    const { body } = await new TestApp().json(PATH, { input: "a", dimensions: 2 });
    const [x, y, ...rest] = body.data[0].embedding;
    expect(rest).toEqual([]);
    expect(x * x + y * y).toBeCloseTo(1);
    expect(y / x).toBeCloseTo(2);
  });

  it.each([
    ["input", {}],
    ["input", { input: "" }],
    ["input", { input: [] }],
    ["input[1]", { input: ["a", ""] }],
    ["input[0]", { input: [300] }],
    ["dimensions", { input: "a", dimensions: 5 }],
    ["dimensions", { input: "a", dimensions: 0 }],
    ["encoding_format", { input: "a", encoding_format: "int8" }],
    ["pooling", { input: "a", pooling: "max" }],
  ])("refuses %s of %j", async (param, body: Json) => {
    const app = new TestApp();
    const answer = await app.json(PATH, body);
    expect(answer.status).toBe(400);
    expect(answer.body.error).toMatchObject({ param, type: "invalid_request_error" });
    expect(app.models.leases).toBe(0);
  });

  it("refuses more texts than the server takes", async () => {
    const app = new TestApp({ limits: { inputs: 1 } });
    expect((await app.json(PATH, { input: ["a", "b"] })).body.error.param).toBe("input");
  });

  it("names its own field where a text is too long", async () => {
    const app = new TestApp();
    app.model.failure = new IzwiError("CONTEXT_OVERFLOW", "600 tokens of 512");
    const { status, body } = await app.json(PATH, { input: "a" });
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code: "context_length_exceeded", param: "input" });
  });
});
