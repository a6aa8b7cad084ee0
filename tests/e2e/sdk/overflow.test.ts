/** Conversations that outgrow the built-in model's context. */
import { chat, type ChatOptions } from "@izwi/sdk";
import { describe, expect, it } from "vitest";

const LIMIT = 256;

/** A session with a small context that has been sent this many messages, and what it said of each reply. */
async function talk(turns: number, options: ChatOptions) {
  await using session = chat({ model: "builtin", temperature: 0, contextLength: LIMIT, ...options });
  const contexts = [];
  for (let turn = 0; turn < turns; turn++) {
    await session.send(`My number is ${turn * 7}. Tell me a joke.`, { maxTokens: 24 });
    const { context, usage } = session.lastReply!;
    contexts.push({ ...context, ...usage });
  }
  return { contexts, history: session.history };
}

describe("overflow", () => {
  it("error: says so when the context is full", async () => {
    await expect(talk(30, {})).rejects.toMatchObject({
      code: "CONTEXT_OVERFLOW",
      message: expect.stringMatching(/\d+/),
    });
  });

  it("slide: goes on, seldom computing more than the new tokens", async () => {
    const { contexts, history } = await talk(30, { overflow: "slide", system: "You are a friendly assistant." });
    expect(history).toHaveLength(60);
    expect(contexts.every(({ used, limit }) => limit === LIMIT && used <= LIMIT)).toBe(true);
    expect(contexts.at(-1)!.dropped).toBeGreaterThan(20);
    const slides = contexts.filter(({ dropped }, index) => dropped > (contexts[index - 1]?.dropped ?? 0));
    expect(slides.length).toBeLessThan(20);
    // A turn without a slide finds the conversation before it in the cache.
    const kept = contexts.filter(({ dropped }, index) => index > 0 && dropped === contexts[index - 1]!.dropped);
    for (const { promptTokens, cachedTokens } of kept) expect(promptTokens - cachedTokens).toBeLessThan(64);
  });

  it("summarize: goes on with a summary", async () => {
    const { contexts } = await talk(20, { overflow: "summarize" });
    expect(contexts.at(-1)!.dropped).toBeGreaterThan(5);
  });

  it("a function: keeps what it says", async () => {
    const counts: number[] = [];
    const { contexts } = await talk(16, {
      async overflow({ turns, count }) {
        counts.push((await count(turns)) ?? 0);
        return turns.slice(-2);
      },
    });
    expect(contexts.at(-1)!.dropped).toBe(26);
    expect(counts.every((tokens) => tokens > LIMIT / 2)).toBe(true);
  });
});
