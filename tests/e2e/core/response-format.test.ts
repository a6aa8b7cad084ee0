import type { ChatRequest, Model, ResponseFormat } from "@izwi/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { endless, loadBuiltin, read, untilIdle } from "./built-in.js";
import { dice, isValid, randomSchema } from "./random-schema.js";

let model: Model;
beforeAll(async () => {
  model = await loadBuiltin();
});
afterAll(() => model.close());

const messages: ChatRequest["messages"] = [{ role: "user", content: "Write something, please." }];
/** As wild as it gets: what is right then is right by the format alone. */
const WILD = { temperature: 1.5, topK: 0, topP: 1 };

describe("a response format", () => {
  it("makes every answer JSON that is valid against its schema", { timeout: 240_000 }, async () => {
    let whole = 0;
    for (let start = 0; start < 200; start += 8) {
      await Promise.all(
        Array.from({ length: 8 }, async (_, index) => {
          const seed = start + index;
          const schema = randomSchema(dice(seed), 3);
          const format: ResponseFormat = { type: "json-schema", schema };
          const request = { messages, ...WILD, seed, maxTokens: 400, responseFormat: format };
          const { text, end } = await read(model.chat(request));
          const where = `seed ${seed}, ${JSON.stringify(schema)}: ${text}`;
          expect(["stop", "length"], where).toContain(end.finishReason);
          if (end.finishReason === "length") return;
          whole++;
          expect(() => JSON.parse(text), where).not.toThrow();
          expect(isValid(JSON.parse(text), schema), where).toBe(true);
        }),
      );
    }
    expect(whole).toBeGreaterThan(190);
  });

  it("is any object, a choice or a pattern", async () => {
    for (let seed = 0; seed < 12; seed++) {
      const ask = async (responseFormat: ResponseFormat) =>
        (await read(model.chat({ messages, ...WILD, seed, maxTokens: 300, responseFormat }))).text;
      expect(["yes", "no", "it depends\n"]).toContain(
        await ask({ type: "choice", choices: ["yes", "no", "it depends\n"] }),
      );
      expect(await ask({ type: "regex", pattern: "\\d{3}-[a-f]{2,4}" })).toMatch(/^\d{3}-[a-f]{2,4}$/);
    }
    const object = { type: "json-object" } as const;
    const { text, end } = await read(model.chat({ messages, temperature: 0, maxTokens: 400, responseFormat: object }));
    expect(text).toMatch(/^\{/);
    expect(end.finishReason === "length" || typeof JSON.parse(text) === "object").toBe(true);
  });

  it("ends with length where maxTokens cuts it off", async () => {
    const responseFormat: ResponseFormat = { type: "json-schema", schema: { type: "string", minLength: 200 } };
    const { end, text } = await read(model.chat({ messages, maxTokens: 5, responseFormat }));
    expect(end.finishReason).toBe("length");
    expect(text).toMatch(/^"/);
  });

  it("holds a completion, too, and leaves the one beside it alone", async () => {
    const free = endless(model, "Hello!", 60);
    const expected = (await read(model.chat(free))).text;
    const tokenIds = model.tokenize("The answer is");
    const [held, beside] = await Promise.all([
      read(model.complete({ tokenIds, responseFormat: { type: "regex", pattern: " (yes|no)!" }, maxTokens: 20 })),
      read(model.chat(free)),
    ]);
    expect([" yes!", " no!"]).toContain(held.text);
    expect(beside.text).toBe(expected);
  });

  it.each<[string, ResponseFormat]>([
    ["no-such-format", { type: "json-schema", schema: { type: "string", format: "no-such-format" } }],
    ["uniqueItems", { type: "json-schema", schema: { type: "array", uniqueItems: true } }],
    ["regex", { type: "regex", pattern: "(a" }],
  ])("is an INVALID_REQUEST that names %s", async (word, responseFormat) => {
    const failure = read(model.chat({ messages, responseFormat }));
    await expect(failure).rejects.toMatchObject({ code: "INVALID_REQUEST", message: expect.stringContaining(word) });
  });

  it("of a schema nested without end is refused, and the model goes on", async () => {
    let schema: Record<string, unknown> = { type: "string" };
    for (let depth = 0; depth < 5000; depth++) schema = { type: "array", items: schema };
    await expect(read(model.chat({ messages, responseFormat: { type: "json-schema", schema } }))).rejects.toMatchObject(
      {
        code: "INVALID_REQUEST",
      },
    );
    expect((await read(model.chat(endless(model, "Hi", 3)))).end.usage.completionTokens).toBe(3);
  });

  it("can be cancelled while it is being written", async () => {
    const controller = new AbortController();
    const responseFormat: ResponseFormat = { type: "json-schema", schema: { type: "string", minLength: 1000 } };
    let deltas = 0;
    const reading = (async () => {
      for await (const event of model.chat({ messages, responseFormat, signal: controller.signal })) {
        if (event.type === "text-delta" && ++deltas === 3) controller.abort();
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: "ABORTED" });
    await untilIdle(model);
  });
});
