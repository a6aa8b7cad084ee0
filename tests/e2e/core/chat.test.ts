import type { ChatMessage, Model } from "@izwi/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { endless, loadBuiltin, read } from "./built-in.js";

let model: Model;
beforeAll(async () => {
  model = await loadBuiltin();
});
afterAll(() => model.close());

const hello: ChatMessage[] = [{ role: "user", content: "Hello!" }];

describe("info", () => {
  it("tells what was loaded", () => {
    expect(model.info).toMatchObject({ id: "izwi-tiny", builtin: true, architecture: "qwen3" });
    expect(model.info.parameterCount).toBeGreaterThan(500_000);
    expect(model.info.threads).toBeGreaterThan(0);
  });
});

describe("chat", () => {
  it("streams an answer and ends with counts and times", async () => {
    const { text, events, end } = await read(model.chat({ messages: hello, temperature: 0 }));
    expect(text.trim()).not.toBe("");
    expect(text).not.toMatch(/<\/?think>|<\|im_/);
    expect(events.filter((event) => event.type === "end")).toHaveLength(1);
    expect(events.length).toBeGreaterThan(2);
    expect(end.finishReason).toBe("stop");
    expect(end.usage.promptTokens).toBeGreaterThan(5);
    expect(end.usage.completionTokens).toBeGreaterThan(1);
    expect(end.timings.timeToFirstTokenMs).toBeGreaterThan(0);
    expect(end.timings.tokensPerSecond).toBeGreaterThan(0);
  });

  it("is the same each time when greedy, and for the same seed", async () => {
    const greedy = { messages: hello, temperature: 0 };
    const sampled = { ...endless(model, "Hello!", 30), temperature: 2, topK: 0, topP: 1, seed: 7 };
    for (const request of [greedy, sampled]) {
      expect((await read(model.chat(request))).text).toBe((await read(model.chat(request))).text);
    }
    const seeds = await Promise.all([1, 2, 3, 4].map((seed) => read(model.chat({ ...sampled, seed }))));
    expect(new Set(seeds.map(({ text }) => text)).size).toBeGreaterThan(1);
  });

  it("ends after maxTokens, and says so", async () => {
    const { end } = await read(model.chat(endless(model, "Hello!", 5)));
    expect(end).toMatchObject({ finishReason: "length", usage: { completionTokens: 5 } });
  });

  it("ends at a stop string, which isn't sent", async () => {
    const whole = await read(model.chat({ messages: hello, temperature: 0 }));
    const stop = whole.text.slice(3, 6);
    const { text, end } = await read(model.chat({ messages: hello, temperature: 0, stop: ["\u0000", stop] }));
    expect(text).toBe(whole.text.slice(0, whole.text.indexOf(stop)));
    expect(end).toMatchObject({ finishReason: "stop", stopString: stop });
  });

  it("keeps thoughts apart from the answer", async () => {
    const { text, reasoning, end } = await read(model.chat({ messages: hello, thinking: true, temperature: 0 }));
    expect(`${text}${reasoning}`).not.toMatch(/<\/?think>/);
    expect(end.usage.reasoningTokens).toBeLessThanOrEqual(end.usage.completionTokens);
  });
});

describe("a conversation of ten turns", () => {
  it("prefills only its new tokens", async () => {
    const messages: ChatMessage[] = [{ role: "system", content: "You are a friendly assistant." }];
    const generation = model.tokenize("<think>\n\n</think>\n\n", { parseSpecial: true }).length;
    let previousPrompt = 0;
    let before = model.stats();
    for (let turn = 1; turn <= 10; turn++) {
      messages.push({ role: "user", content: `Turn ${turn}: my number is ${turn * 7}.` });
      const { text, end } = await read(model.chat({ messages, temperature: 0, maxTokens: 16 }));
      messages.push({ role: "assistant", content: text.trim() || "Yes." });

      const { promptTokens, cachedTokens } = end.usage;
      expect(cachedTokens, `turn ${turn}`).toBeGreaterThanOrEqual(turn === 1 ? 0 : previousPrompt - generation);
      expect(cachedTokens).toBeLessThan(promptTokens);
      const after = model.stats();
      expect(after.prefilledTokens - before.prefilledTokens, `turn ${turn}`).toBe(promptTokens - cachedTokens);
      expect(after.cachedTokens - before.cachedTokens, `turn ${turn}`).toBe(cachedTokens);
      previousPrompt = promptTokens;
      before = after;
    }
  });
});

describe("several chats at once", () => {
  it("are answered side by side, each as if it were alone", async () => {
    const requests = ["Hello!", "What can you do?", "Tell me a joke."].map((content) => endless(model, content, 40));
    const alone = [];
    for (const request of requests) alone.push((await read(model.chat(request))).text);
    const order: string[] = [];
    const together = await Promise.all(
      requests.map(async (request, index) => {
        const chat = model.chat(request);
        const first = await chat.next();
        order.push(`begin ${index}`);
        const rest = await read(chat);
        order.push(`end ${index}`);
        const start = first.value && "text" in first.value ? first.value.text : "";
        return start + rest.text;
      }),
    );
    expect(together).toEqual(alone);
    expect(order.slice(0, 3).sort()).toEqual(["begin 0", "begin 1", "begin 2"]);
  });
});

describe("logprobs", () => {
  it("come with the text, agree with score, and add up to less than 1", async () => {
    const messages: ChatMessage[] = [{ role: "user", content: "Hello!" }];
    const request = { messages, temperature: 0, maxTokens: 8, logprobs: 3 };
    const { events, text } = await read(model.chat(request));
    const tokens = events.flatMap((event) => (event.type === "text-delta" ? (event.logprobs ?? []) : []));
    expect(tokens.length).toBeGreaterThan(2);
    expect(tokens.map((token) => token.text).join("")).toContain(text.slice(0, 3));
    for (const { tokenId, logprob, top } of tokens) {
      expect(top).toHaveLength(3);
      expect(top[0]).toMatchObject({ tokenId, logprob });
      const sum = top.reduce((total, other) => total + Math.exp(other.logprob), 0);
      expect(sum).toBeLessThanOrEqual(1.0001);
    }
    const prompt = model.tokenize(model.applyTemplate({ messages }), { parseSpecial: true });
    const scores = await model.score([...prompt, ...tokens.map((token) => token.tokenId)]);
    tokens.forEach(({ logprob }, index) => expect(scores[prompt.length + index]).toBeCloseTo(logprob, 1));
  });
});
