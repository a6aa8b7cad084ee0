import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "@hono/zod-openapi";
import { ApiError } from "./errors.js";
import { maxTokensOf, samplingFields, samplingSettings, settingsOfChoice, tokenLimit } from "./sampling.js";

const schema = z.object(samplingFields);
const settings = (wire: object) => samplingSettings(schema.parse(wire));

describe("samplingSettings", () => {
  it("leaves out what isn't set", () => {
    expect(settings({})).toEqual({});
    expect(settings(Object.fromEntries(Object.keys(samplingFields).map((name) => [name, null])))).toEqual({});
    expect(settings({ stop: [], logit_bias: {} })).toEqual({ logitBias: {} });
  });

  it("takes what other servers write for the same", () => {
    expect(settings({ top_k: -1 })).toEqual({ topK: 0 });
    expect(settings({ top_k: 1e300 })).toEqual({ topK: 0xffff_ffff });
    expect(settings({ repeat_penalty: 1.2 })).toEqual({ repetitionPenalty: 1.2 });
    expect(settings({ repeat_penalty: 1.2, repetition_penalty: 1.3 })).toEqual({ repetitionPenalty: 1.3 });
    expect(settings({ seed: -1 })).toEqual({});
  });

  it("takes a user for the client, by its newer name first", () => {
    expect(settings({ user: "ann", priority: -3 })).toEqual({ client: "ann", priority: -3 });
    expect(settings({ user: "ann", safety_identifier: "bob" })).toEqual({ client: "bob" });
    expect(schema.safeParse({ priority: 101 }).success).toBe(false);
    expect(schema.safeParse({ priority: 0.5 }).success).toBe(false);
  });

  it("keeps zeros", () => {
    const zeros = { temperature: 0, top_k: 0, min_p: 0, presence_penalty: 0, frequency_penalty: 0, seed: 0 };
    expect(settings(zeros)).toEqual({
      temperature: 0,
      topK: 0,
      minP: 0,
      presencePenalty: 0,
      frequencyPenalty: 0,
      seed: 0,
    });
    const { topP } = settings({ top_p: 0 });
    expect(topP).toBeGreaterThan(0);
    expect(topP).toBeLessThan(1e-5);
  });
});

describe("settingsOfChoice", () => {
  it("gives every choice a seed that core takes, different from the others", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (seed) => {
        const seeds = [0, 1, 2, 3].map((index) => settingsOfChoice({ seed: Number(seed) }, index).seed!);
        expect(seeds.every((seed) => Number.isSafeInteger(seed) && seed >= 0)).toBe(true);
        expect(new Set(seeds).size).toBe(4);
      }),
    );
  });

  it("leaves a seed of the usual size as it is, and none unset", () => {
    expect(settingsOfChoice({ seed: 42, topK: 3 }, 0)).toEqual({ seed: 42, topK: 3 });
    expect(settingsOfChoice({ topK: 3 }, 2)).toEqual({ topK: 3 });
  });
});

describe("length limits", () => {
  it("are whole numbers from the least on, or -1", () => {
    const accepts = (min: 0 | 1, value: unknown) => tokenLimit(min, "").safeParse(value).success;
    for (const value of [1, 100, -1, null, undefined]) expect(accepts(1, value)).toBe(true);
    for (const value of [0, -2, 1.5, "1", Infinity]) expect(accepts(1, value)).toBe(false);
    expect(accepts(0, 0)).toBe(true);
  });

  it("are the server's where the client has none, and never longer", () => {
    expect(maxTokensOf(undefined, 100, "max_tokens")).toBe(100);
    expect(maxTokensOf(null, 100, "max_tokens")).toBe(100);
    expect(maxTokensOf(-1, 100, "max_tokens")).toBe(100);
    expect(maxTokensOf(7, 100, "max_tokens")).toBe(7);
    expect(() => maxTokensOf(101, 100, "max_tokens")).toThrow(/max_tokens is 101.* 100 /);
    expect(() => maxTokensOf(101, 100, "max_tokens")).toThrow(ApiError);
  });
});
