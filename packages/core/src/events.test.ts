import { describe, expect, it } from "vitest";
import { fromNative } from "./events.js";

const END = {
  type: "end",
  finishReason: "stop",
  promptTokens: 20,
  cachedTokens: 16,
  completionTokens: 11,
  reasoningTokens: 4,
  queueMs: 1,
  prefillMs: 2,
  timeToFirstTokenMs: 3,
  decodeMs: 500,
};

describe("fromNative", () => {
  it("passes deltas and calls on, without the fields that aren't theirs", () => {
    expect(fromNative({ type: "reasoning-delta", text: "hm", index: 3 })).toEqual({
      type: "reasoning-delta",
      text: "hm",
    });
    expect(fromNative({ type: "text-delta", text: "hi" })).toEqual({ type: "text-delta", text: "hi" });
    const token = { tokenId: 1, text: "hi", bytes: [104, 105], logprob: -0.5 };
    const logprobs = [{ ...token, top: [token] }];
    expect(fromNative({ type: "text-delta", text: "hi", logprobs })).toEqual({
      type: "text-delta",
      text: "hi",
      logprobs,
    });
    const call = { type: "tool-call", index: 1, name: "add", arguments: `{"a":1}` };
    expect(fromNative(call)).toEqual(call);
    const start = { type: "tool-call-start", index: 1, name: "add" };
    expect(fromNative({ ...start, text: "x" })).toEqual(start);
    const delta = { type: "tool-call-delta", index: 1, text: `{"a":` };
    expect(fromNative({ ...delta, name: "add" })).toEqual(delta);
  });

  it("groups the counts and times of the end, and derives the speed from the tokens after the first", () => {
    expect(fromNative({ ...END, stopString: "\n\n" })).toEqual({
      type: "end",
      finishReason: "stop",
      stopString: "\n\n",
      usage: { promptTokens: 20, cachedTokens: 16, completionTokens: 11, reasoningTokens: 4 },
      timings: { queueMs: 1, prefillMs: 2, timeToFirstTokenMs: 3, decodeMs: 500, tokensPerSecond: 20 },
    });
  });

  it("has no speed for one token, and no stop string where none ended the answer", () => {
    const end = fromNative({ ...END, completionTokens: 1, decodeMs: 0 });
    expect(end).toMatchObject({ timings: { tokensPerSecond: 0 } });
    expect(end).not.toHaveProperty("stopString");
  });

  it("gives nothing for a cancelled end", () => {
    expect(fromNative({ type: "end", finishReason: "cancelled" })).toBeUndefined();
  });

  it("throws an error event, and what it doesn't know", () => {
    expect(() => fromNative({ type: "error", code: "OUT_OF_MEMORY", message: "no blocks" })).toThrowError(
      expect.objectContaining({ code: "OUT_OF_MEMORY", message: "no blocks" }),
    );
    expect(() => fromNative({ type: "surprise" })).toThrow(`unknown type "surprise"`);
    expect(() => fromNative({ ...END, finishReason: "bored" })).toThrow(`unknown finish reason "bored"`);
  });
});
