import type { ChatRequest, Model } from "@izwi/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadBuiltin, read, untilIdle } from "./built-in.js";

let model: Model;
beforeAll(async () => {
  model = await loadBuiltin();
});
afterAll(() => model.close());

const YES_OR_NO = { type: "choice" as const, choices: ["yes", "no"] };

/** A request that opens a thought, if it may, and by itself never ends it. */
function musing(maxTokens: number): ChatRequest {
  const [open, ...never] = ["<think>", "</think>", "<|im_end|>", "<|endoftext|>"].map(
    (text) => model.tokenize(text, { parseSpecial: true })[0]!,
  );
  const logitBias = Object.fromEntries([[open!, 100], ...never.map((id) => [id, -100])]);
  return { messages: [{ role: "user", content: "Hello!" }], thinking: true, logitBias, seed: 1, maxTokens };
}

describe("thinking", () => {
  it.each([0, 1, 4, 30])("keeps to a budget of %i", async (budget) => {
    const request = { ...musing(80), thinking: { budget }, responseFormat: YES_OR_NO };
    const { end, text, reasoning } = await read(model.chat(request));
    // Its two marks count as well, and a character that isn't whole yet may take three more.
    expect(end.usage.reasoningTokens).toBeLessThanOrEqual(budget === 0 ? 0 : budget + 5);
    expect(reasoning !== "" || budget < 30).toBe(true);
    expect(YES_OR_NO.choices).toContain(text);
  });

  it("that isn't wanted is closed at once where a model thinks anyway", async () => {
    const { end } = await read(model.chat({ ...musing(20), thinking: { budget: 0 } }));
    expect(end.usage.reasoningTokens).toBeLessThanOrEqual(2);
  });

  it("without a budget goes on", async () => {
    const { end, text } = await read(model.chat(musing(80)));
    expect(text).toBe("");
    expect(end.usage.reasoningTokens).toBe(80);
  });

  it("ends when told to, and the answer follows in its format", async () => {
    const chat = model.chat({ ...musing(4000), responseFormat: YES_OR_NO });
    chat.endThinking();
    let deltas = 0;
    let text = "";
    let reasoningTokens = Infinity;
    for await (const event of chat) {
      if (event.type === "reasoning-delta" && ++deltas === 5) chat.endThinking();
      if (event.type === "text-delta") text += event.text;
      if (event.type === "end") ({ reasoningTokens } = event.usage);
    }
    chat.endThinking();
    expect(reasoningTokens).toBeLessThan(1000);
    expect(YES_OR_NO.choices).toContain(text);
  });

  it("can be cancelled", async () => {
    const controller = new AbortController();
    const reading = (async () => {
      for await (const event of model.chat(musing(4000), { signal: controller.signal })) {
        if (event.type === "reasoning-delta") controller.abort();
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: "ABORTED" });
    await untilIdle(model);
  });
});
