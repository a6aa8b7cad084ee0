import type { Model } from "@izwi/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { endless, loadBuiltin, read, untilIdle } from "./built-in.js";

let model: Model;
beforeAll(async () => {
  model = await loadBuiltin();
});
afterAll(() => model.close());

/** A text of about this many tokens, different for each `seed` so that no earlier prompt is a prefix of it. */
function longText(tokens: number, seed: string): string {
  let text = seed;
  while (model.tokenize(text).length < tokens) text += ` and ${seed} went to the market to buy ${text.length} apples`;
  return text;
}

describe("an aborted chat", () => {
  it("never starts when the signal has fired before", async () => {
    const { steps } = model.stats();
    const chat = model.chat(endless(model, "Hello!", 10), { signal: AbortSignal.abort() });
    await expect(read(chat)).rejects.toMatchObject({ name: "AbortError", code: "ABORTED" });
    await untilIdle(model);
    expect(model.stats().steps).toBe(steps);
  });

  it("stops during prefill", async () => {
    const request = endless(model, longText(Math.floor(model.info.contextLength / 2), "Ann"), 50);
    const before = model.stats();
    const controller = new AbortController();
    const first = model.chat(request, { signal: controller.signal }).next();
    setImmediate(() => controller.abort());
    await expect(first).rejects.toMatchObject({ code: "ABORTED" });
    await untilIdle(model);
    expect(model.stats().decodedTokens - before.decodedTokens).toBeLessThan(50);
  });

  it("stops during decode and frees its blocks", async () => {
    const before = model.stats();
    const controller = new AbortController();
    const request = endless(model, "Hello!", model.info.contextLength >> 1);
    let deltas = 0;
    const reading = (async () => {
      for await (const event of model.chat({ ...request, signal: controller.signal })) {
        if (event.type === "text-delta" && ++deltas === 3) controller.abort(new Error("enough"));
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: "ABORTED", cause: new Error("enough") });
    expect(deltas).toBe(3);
    await untilIdle(model);
    expect(model.stats().decodedTokens - before.decodedTokens).toBeLessThan(request.maxTokens!);
  });

  it("doesn't disturb the one beside it", async () => {
    const request = endless(model, "Hello!", 60);
    const expected = (await read(model.chat(request))).text;
    const controller = new AbortController();
    const doomed = model.chat(endless(model, "Goodbye!", 60), { signal: controller.signal });
    const kept = read(model.chat(request));
    await doomed.next();
    controller.abort();
    await expect(doomed.next()).rejects.toMatchObject({ code: "ABORTED" });
    expect((await kept).text).toBe(expected);
  });
});

describe("an answer left early", () => {
  it("stops being generated", async () => {
    const before = model.stats();
    const request = endless(model, "Hello!", model.info.contextLength >> 1);
    for await (const event of model.chat(request)) if (event.type === "text-delta") break;
    await untilIdle(model);
    expect(model.stats().decodedTokens - before.decodedTokens).toBeLessThan(request.maxTokens!);
  });

  it("leaks nothing, however often", async () => {
    const { blocksTotal } = model.stats();
    for (let round = 0; round < 20; round++) {
      const chat = model.chat(endless(model, `Round ${round}`, 100));
      await chat.next();
      await chat.return?.();
    }
    await untilIdle(model);
    // Cached prefixes may keep blocks, but a request that needs all of the context still gets them.
    const whole = longText(model.info.contextLength - 80, "Bob");
    const { end } = await read(model.chat(endless(model, whole, 8)));
    expect(end.usage.completionTokens).toBe(8);
    expect(model.stats().blocksTotal).toBe(blocksTotal);
  });
});

describe("an aborted score", () => {
  it("rejects at once, and the model goes on", async () => {
    const ids = model.tokenize(longText(model.info.contextLength - 10, "Eve")).slice(0, model.info.contextLength - 10);
    const controller = new AbortController();
    const scoring = model.score(ids, { signal: controller.signal });
    controller.abort();
    await expect(scoring).rejects.toMatchObject({ code: "ABORTED" });
    expect(await model.score(ids.slice(0, 4))).toHaveLength(4);
  });
});
