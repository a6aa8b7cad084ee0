import type { ChatEvent, Model } from "@izwi/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadBuiltin } from "./built-in.js";

let model: Model;
beforeAll(async () => {
  model = await loadBuiltin();
});
afterAll(() => model.close());

describe("tokenize", () => {
  it.each([
    "Hello, world!",
    "  two  spaces\n\n\tand a tab",
    "naïve café — Привет, 世界 👩‍👩‍👧‍👦",
    "\u0000\u001b[1m",
    "x".repeat(1000),
    "",
  ])("comes back as it went in: %j", (text) => {
    const ids = model.tokenize(text);
    expect(model.detokenize(ids)).toBe(text);
    expect(ids.every((id) => Number.isInteger(id) && id >= 0 && id < model.info.vocabSize)).toBe(true);
  });

  it("reads special tokens only when told", () => {
    const [id, ...more] = model.tokenize("<|im_end|>", { parseSpecial: true });
    expect(more).toEqual([]);
    expect(model.tokenize("<|im_end|>")).not.toContain(id);
    expect(model.tokenize("<|im_end|>").length).toBeGreaterThan(1);
    expect(model.detokenize(model.tokenize("<|im_end|>"))).toBe("<|im_end|>");
  });

  it("replaces the lone half of a surrogate pair, which no text can hold", () => {
    expect(model.detokenize(model.tokenize("a\ud800b"))).toBe("a\ufffdb");
  });
});

describe("applyTemplate", () => {
  it("is ChatML, with an empty think block unless the model may think", () => {
    const messages = [
      { role: "system" as const, content: "Be brief." },
      { role: "user" as const, content: "Hi" },
    ];
    const start = "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n";
    expect(model.applyTemplate({ messages })).toBe(`${start}<think>\n\n</think>\n\n`);
    expect(model.applyTemplate({ messages, thinking: true })).toBe(start);
  });
});

describe("score", () => {
  it("has null, then a log probability for each further token", async () => {
    const ids = model.tokenize("<|im_start|>user\nHello!<|im_end|>\n<|im_start|>assistant\n", { parseSpecial: true });
    const scores = await model.score(ids);
    expect(scores).toHaveLength(ids.length);
    expect(scores[0]).toBeNull();
    for (const score of scores.slice(1)) {
      expect(score).toBeLessThanOrEqual(0);
      expect(Number.isFinite(score)).toBe(true);
    }
  });

  it("is the same the second time, when the prefix is cached, and for a part", async () => {
    const ids = model.tokenize("The quick brown fox jumps over the lazy dog, and then it sleeps.");
    const [first, again, part] = [await model.score(ids), await model.score(ids), await model.score(ids.slice(0, 5))];
    expect(part[0]).toBeNull();
    for (let index = 1; index < ids.length; index++) expect(again[index]).toBeCloseTo(first[index]!, 3);
    for (let index = 1; index < 5; index++) expect(part[index]).toBeCloseTo(first[index]!, 2);
  });

  it("is null alone for one token, and nothing for none", async () => {
    expect(await model.score([1])).toEqual([null]);
    expect(await model.score([])).toEqual([]);
  });
});

describe("complete", () => {
  it("goes on as chat does from the same prompt, and past the end of the turn when told", async () => {
    const messages = [{ role: "user" as const, content: "My name is Alice" }];
    const read = async (events: AsyncIterable<ChatEvent>) => {
      let text = "";
      let completionTokens = 0;
      for await (const event of events) {
        if (event.type === "text-delta") text += event.text;
        if (event.type === "end") completionTokens = event.usage.completionTokens;
      }
      return { text, completionTokens };
    };
    const tokenIds = model.tokenize(model.applyTemplate({ messages }), { parseSpecial: true });
    const answer = await read(model.chat({ messages, temperature: 0, maxTokens: 60 }));
    expect(await read(model.complete({ tokenIds, temperature: 0, maxTokens: 60 }))).toEqual(answer);
    const further = await read(model.complete({ tokenIds, stopTokenIds: [], temperature: 0, maxTokens: 60 }));
    expect(further.completionTokens).toBe(60);
    expect(further.text.startsWith(answer.text)).toBe(true);
  });
});
