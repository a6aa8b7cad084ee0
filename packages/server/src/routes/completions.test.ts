import { IzwiError } from "@izwi/core";
import { describe, expect, it, vi } from "vitest";
import { end, logprob } from "../openai/fakes/fake-model.js";
import { TestApp, type Json } from "../openai/fakes/test-app.js";

const PATH = "/v1/completions";
const bytes = (text: string) => [...new TextEncoder().encode(text)];

async function complete(body: Json, app = new TestApp()): Promise<Json> {
  const { status, body: answer } = await app.json(PATH, body);
  expect(answer.error).toBeUndefined();
  expect(status).toBe(200);
  expect(app.models.leases).toBe(0);
  return answer;
}

describe("a completion", () => {
  it("has OpenAI's shape", async () => {
    const app = new TestApp();
    const body = await complete({ model: "Fake", prompt: "Say" }, app);
    expect(body).toMatchObject({
      id: expect.stringMatching(/^cmpl-/),
      object: "text_completion",
      model: "Fake",
      system_fingerprint: expect.stringMatching(/^fp_/),
      choices: [{ index: 0, text: "Hello", logprobs: null, finish_reason: "stop" }],
      usage: { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 },
      timings: { predicted_n: 3 },
    });
    expect(app.model.completions).toEqual([{ tokenIds: bytes("Say"), maxTokens: 16 }]);
  });

  it("takes texts and token ids, one or several", async () => {
    const prompts = async (prompt: unknown) => {
      const app = new TestApp();
      const { choices } = await complete({ prompt }, app);
      expect(choices.map(({ index }: Json) => index)).toEqual([...choices.keys()]);
      return app.model.completions.map(({ tokenIds }) => tokenIds);
    };
    expect(await prompts("ab")).toEqual([[97, 98]]);
    expect(await prompts(["a", "b"])).toEqual([[97], [98]]);
    expect(await prompts([1, 2])).toEqual([[1, 2]]);
    expect(await prompts([[1, 2], [3]])).toEqual([[1, 2], [3]]);
  });

  it("reads special tokens, since no template writes them", async () => {
    const app = new TestApp();
    await complete({ prompt: "a<|im_end|>" }, app);
    expect(app.model.completions[0]!.tokenIds).toEqual([97, 256]);
  });

  it("passes settings on", async () => {
    const app = new TestApp();
    await complete(
      { prompt: "a", max_tokens: 3, temperature: 0, stop: "x", seed: 5, logprobs: 2, n: 2, best_of: 2 },
      app,
    );
    const settings = { maxTokens: 3, temperature: 0, stop: "x", logprobs: 2, tokenIds: [97] };
    expect(app.model.completions).toEqual([
      { ...settings, seed: 5 },
      { ...settings, seed: 6 },
    ]);
  });

  it("numbers choices by prompt, and counts each prompt once", async () => {
    const app = new TestApp();
    app.model.script = (index) => {
      const [first] = app.model.completions[index]!.tokenIds;
      return [
        { type: "text-delta", text: `after ${String.fromCharCode(first!)}` },
        end("stop", { promptTokens: 10, cachedTokens: 0, completionTokens: 2 }),
      ];
    };
    const { choices, usage } = await complete({ prompt: ["a", "b"], n: 2 }, app);
    expect(choices.map(({ text }: Json) => text)).toEqual(["after a", "after a", "after b", "after b"]);
    expect(usage).toMatchObject({ prompt_tokens: 20, completion_tokens: 8 });
  });

  it("has log probabilities in the older shape", async () => {
    const app = new TestApp();
    app.model.script = () => [
      { type: "text-delta", text: "Hi", logprobs: [logprob("H", -1, [["J", -0.5]]), logprob("i", -2)] },
      end(),
    ];
    const { choices } = await complete({ prompt: "a", logprobs: 1 }, app);
    expect(choices[0].logprobs).toEqual({
      tokens: ["H", "i"],
      token_logprobs: [-1, -2],
      top_logprobs: [{ J: -0.5, H: -1 }, { i: -2 }],
      text_offset: [0, 1],
    });
  });
});

describe("echo", () => {
  it("repeats the prompt, however it was given", async () => {
    expect((await complete({ prompt: "Say: ", echo: true })).choices[0].text).toBe("Say: Hello");
    expect((await complete({ prompt: bytes("Say: "), echo: true })).choices[0].text).toBe("Say: Hello");
  });

  it("scores the prompt and goes on with the answer's tokens, as evaluation harnesses ask for it", async () => {
    const app = new TestApp();
    app.model.script = () => [
      { type: "text-delta", text: "!", logprobs: [logprob("!", -0.25, [["!", -0.25]])] },
      end("length"),
    ];
    const request = { prompt: [[97, 98, 99]], max_tokens: 1, temperature: 0, logprobs: 1, echo: true, seed: 1234 };
    const { choices } = await complete(request, app);
    expect(choices[0].text).toBe("abc!");
    expect(choices[0].logprobs).toEqual({
      tokens: ["a", "b", "c", "!"],
      token_logprobs: [null, -98, -99, -0.25],
      top_logprobs: [null, { b: -98 }, { c: -99 }, { "!": -0.25 }],
      text_offset: [0, 1, 2, 3],
    });
  });

  it("scores a prompt once for all its answers", async () => {
    const app = new TestApp();
    app.model.script = () => [{ type: "text-delta", text: "!", logprobs: [logprob("!", -1)] }, end("length")];
    const logprobs = vi.spyOn(app.model, "logprobs");
    const { choices } = await complete({ prompt: ["ab", "cd"], n: 3, max_tokens: 1, echo: true, logprobs: 0 }, app);
    expect(choices.map(({ logprobs }: Json) => logprobs.token_logprobs.slice(0, 2))).toEqual([
      ...Array.from({ length: 3 }, () => [null, -98]),
      ...Array.from({ length: 3 }, () => [null, -100]),
    ]);
    expect(logprobs).toHaveBeenCalledTimes(2);
  });

  it("only scores where nothing is to be generated", async () => {
    const app = new TestApp();
    const body = await complete({ prompt: "ab", max_tokens: 0, echo: true, logprobs: 0 }, app);
    expect(body.choices).toEqual([
      {
        index: 0,
        text: "ab",
        logprobs: { tokens: ["a", "b"], token_logprobs: [null, -98], top_logprobs: null, text_offset: [0, 1] },
        finish_reason: "length",
      },
    ]);
    expect(body.usage).toMatchObject({ prompt_tokens: 2, completion_tokens: 0, total_tokens: 2 });
    expect(app.model.completions).toEqual([]);
  });

  it("has an entry for the answer's first token even where that was the end", async () => {
    const app = new TestApp();
    app.model.script = () => [end("stop", { completionTokens: 0 })];
    const { choices } = await complete({ prompt: "ab", max_tokens: 1, echo: true, logprobs: 1, temperature: 0 }, app);
    const { token_logprobs, tokens, text_offset } = choices[0].logprobs;
    // <|im_end|>, token 256, is likelier than <|endoftext|>, token 257.
    expect(token_logprobs).toEqual([null, -98, -256]);
    expect(tokens).toHaveLength(3);
    expect(text_offset).toEqual([0, 1, 2]);
    expect(choices[0].text).toBe("ab");
  });
});

describe("a streamed completion", () => {
  it("has the pieces in order, then the usage", async () => {
    const app = new TestApp();
    app.model.script = () => [
      { type: "text-delta", text: "b", logprobs: [logprob("b", -1)] },
      { type: "text-delta", text: "c", logprobs: [logprob("c", -2)] },
      end("length"),
    ];
    const body = { prompt: "a", echo: true, logprobs: 0, stream_options: { include_usage: true } };
    const sent = await app.stream(PATH, body);
    expect(sent.at(-1)).toEqual({ data: "[DONE]" });
    expect(sent.at(-2)!.data).toMatchObject({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 3 } });
    const choices = sent.slice(0, -2).map(({ data }) => data.choices[0]);
    expect(choices.map(({ text }) => text)).toEqual(["a", "b", "c", ""]);
    expect(choices.map(({ finish_reason }) => finish_reason)).toEqual([null, null, null, "length"]);
    expect(choices.slice(0, 3).flatMap(({ logprobs }) => logprobs.text_offset)).toEqual([0, 1, 2]);
    expect(sent.slice(0, -2).every(({ data }) => data.usage === null && data.object === "text_completion")).toBe(true);
    expect(app.models.leases).toBe(0);
  });
});

describe("what is refused", () => {
  it.each([
    ["prompt", { prompt: undefined }],
    ["prompt", { prompt: "" }],
    ["prompt", { prompt: [] }],
    ["prompt[1]", { prompt: ["a", ""] }],
    ["prompt[1]", { prompt: [1, -2] }],
    ["prompt[1]", { prompt: [1, 300] }],
    ["prompt[1][0]", { prompt: [[1], [300]] }],
    ["prompt", { prompt: { text: "a" } }],
    ["suffix", { suffix: "b" }],
    ["best_of", { best_of: 3 }],
    ["best_of", { best_of: 3, n: 2 }],
    ["logprobs", { logprobs: 21 }],
    ["logprobs", { logprobs: true }],
    ["max_tokens", { max_tokens: -2 }],
    ["n", { n: 100 }],
    ["echo", { echo: "yes" }],
  ])("%s of %j", async (param, fields) => {
    const app = new TestApp();
    const { status, body } = await app.json(PATH, { prompt: "a", ...fields });
    expect(body.error?.param).toBe(param);
    expect(body.error.message).toContain(param.replace(/\[.*/, ""));
    expect(status).toBe(400);
    expect(app.models.leases).toBe(0);
  });

  it("is more prompts than the server takes", async () => {
    const app = new TestApp({ limits: { inputs: 2 } });
    expect((await app.json(PATH, { prompt: ["a", "b", "c"] })).body.error.param).toBe("prompt");
  });

  it("is a prompt that is too long, by its own field's name", async () => {
    const app = new TestApp();
    app.model.script = () => [new IzwiError("CONTEXT_OVERFLOW", "600 tokens of 512")];
    for (const stream of [false, true]) {
      const { status, body } = await app.json(PATH, { prompt: "a", stream });
      expect(status).toBe(400);
      expect(body.error).toMatchObject({
        param: "prompt",
        code: "context_length_exceeded",
        message: "600 tokens of 512",
      });
    }
  });
});

it("ends all completions when the client goes away", async () => {
  const app = new TestApp();
  app.model.script = () => [new Promise(() => {}), end()];
  const abort = new AbortController();
  const headers = { "content-type": "application/json" };
  const response = app.post(PATH, { prompt: ["a", "b"], n: 2 }, { signal: abort.signal, headers });
  await expect.poll(() => app.model.running).toBe(4);
  abort.abort();
  await response;
  expect(app.model.running).toBe(0);
  expect(app.model.aborted).toBe(4);
  expect(app.models.leases).toBe(0);
});
