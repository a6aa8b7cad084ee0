import { describe, expect, it } from "vitest";
import { TestApp, type Json } from "../openai/fakes/test-app.js";

describe("POST /tokenize", () => {
  it.each(["content", "text", "prompt"])("takes a text as %s", async (field) => {
    const app = new TestApp();
    const { status, body } = await app.json("/tokenize", { [field]: "ab" });
    expect(status).toBe(200);
    expect(body).toEqual({ tokens: [97, 98], count: 2, max_model_len: 512 });
    expect(app.models.leases).toBe(0);
  });

  it("reads special tokens unless told not to", async () => {
    const tokens = async (fields: Json) =>
      (await new TestApp().json("/tokenize", { content: "<|im_end|>", ...fields })).body.tokens;
    expect(await tokens({})).toEqual([256]);
    expect(await tokens({ parse_special: true })).toEqual([256]);
    expect(await tokens({ parse_special: false })).toHaveLength(10);
  });

  it("tells the pieces where they're asked for", async () => {
    const { body } = await new TestApp().json("/tokenize", { content: "ab", with_pieces: true });
    expect(body.tokens).toEqual([
      { id: 97, piece: "a" },
      { id: 98, piece: "b" },
    ]);
  });

  it("takes an empty text, but not none", async () => {
    expect((await new TestApp().json("/tokenize", { content: "" })).body.tokens).toEqual([]);
    const { status, body } = await new TestApp().json("/tokenize", {});
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ param: "content", code: "missing_required_parameter" });
  });
});

describe("POST /detokenize", () => {
  it("gives the text", async () => {
    expect((await new TestApp().json("/detokenize", { tokens: [97, 98] })).body).toEqual({ content: "ab" });
    expect((await new TestApp().json("/detokenize", { tokens: [] })).body).toEqual({ content: "" });
  });

  it.each([
    ["tokens", {}],
    ["tokens[1]", { tokens: [1, "a"] }],
    ["tokens[1]", { tokens: [1, 300] }],
    ["tokens[0]", { tokens: [-1] }],
  ])("refuses %s of %j", async (param, body) => {
    const answer = await new TestApp().json("/detokenize", body);
    expect(answer.status).toBe(400);
    expect(answer.body.error.param).toBe(param);
  });
});

describe("POST /apply-template", () => {
  it("gives the prompt", async () => {
    const messages = [
      { role: "developer", content: "Be brief." },
      { role: "user", content: [{ type: "text", text: "Hi" }] },
    ];
    const { status, body } = await new TestApp().json("/apply-template", { messages });
    expect(status).toBe(200);
    expect(body).toEqual({ prompt: "system: Be brief.\nuser: Hi" });
  });

  it("refuses what a chat refuses", async () => {
    const { status, body } = await new TestApp().json("/apply-template", { messages: [{ role: "robot" }] });
    expect(status).toBe(400);
    expect(body.error.param).toBe("messages[0].role");
  });
});
