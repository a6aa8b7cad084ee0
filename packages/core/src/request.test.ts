import { describe, expect, it } from "vitest";
import type { ChatRequest } from "./request.js";
import { toNativeRequest, toTokenIds } from "./request.js";

const messages: ChatRequest["messages"] = [{ role: "user", content: "Hello" }];

/** Calls with what a JavaScript caller, whom no type stops, might pass. */
const convert = (request: unknown) => toNativeRequest(request as ChatRequest);

describe("toNativeRequest", () => {
  it("sends only what was set", () => {
    expect(toNativeRequest({ messages })).toEqual({ messages, generation: {} });
    expect(toNativeRequest({ messages, temperature: undefined, stop: undefined })).toEqual({
      messages,
      generation: {},
    });
  });

  it("puts everything in the addon's form", () => {
    const tools: ChatRequest["tools"] = [
      { type: "function", function: { name: "add", parameters: { type: "object" } } },
    ];
    expect(
      toNativeRequest({
        messages,
        tools,
        templateKwargs: { greeting: "hi" },
        thinking: true,
        temperature: 0,
        topK: 0,
        seed: 2 ** 53 - 1,
        logitBias: { 7: -100, 9: 1.5 },
        stop: "\n",
        logprobs: 20,
        signal: new AbortController().signal,
      }),
    ).toEqual({
      messages,
      tools: JSON.stringify(tools),
      templateKwargs: `{"greeting":"hi"}`,
      thinking: true,
      generation: {
        temperature: 0,
        topK: 0,
        seed: 2 ** 53 - 1,
        logitBias: [
          { tokenId: 7, bias: -100 },
          { tokenId: 9, bias: 1.5 },
        ],
        stop: ["\n"],
        logprobs: 20,
      },
    });
  });

  it("keeps a message's own fields and drops foreign ones", () => {
    const toolCalls = [{ id: "a", name: "add", arguments: "{}" }];
    expect(
      convert({
        messages: [
          { role: "assistant", content: "", reasoningContent: "hm", toolCalls, toolCallId: "x" },
          { role: "tool", content: "3", toolCallId: "a", name: "add", extra: 1 },
        ],
      }).messages,
    ).toEqual([
      { role: "assistant", content: "", reasoningContent: "hm", toolCalls },
      { role: "tool", content: "3", toolCallId: "a", name: "add" },
    ]);
  });

  const wrong: [field: string, request: unknown][] = [
    ["request", undefined],
    ["request", "Hello"],
    ["messages", {}],
    ["messages", { messages: "Hello" }],
    ["messages", { messages: [] }],
    ["messages[0]", { messages: ["Hello"] }],
    ["messages[0].role", { messages: [{ role: "robot", content: "" }] }],
    ["messages[1].role", { messages: [...messages, { content: "" }] }],
    ["messages[0].content", { messages: [{ role: "user" }] }],
    ["messages[0].content", { messages: [{ role: "user", content: [{ type: "text" }] }] }],
    ["messages[0].reasoningContent", { messages: [{ role: "assistant", content: "", reasoningContent: 1 }] }],
    ["messages[0].toolCalls", { messages: [{ role: "assistant", content: "", toolCalls: {} }] }],
    ["messages[0].toolCalls[0].name", { messages: [{ role: "assistant", content: "", toolCalls: [{}] }] }],
    [
      "messages[0].toolCalls[0].arguments",
      { messages: [{ role: "assistant", content: "", toolCalls: [{ name: "a", arguments: {} }] }] },
    ],
    ["messages[0].toolCallId", { messages: [{ role: "tool", content: "", toolCallId: 7 }] }],
    ["tools", { messages, tools: {} }],
    ["tools[0]", { messages, tools: [{ type: "retrieval" }] }],
    ["tools[0].function.name", { messages, tools: [{ type: "function", function: {} }] }],
    ["tools", { messages, tools: [{ type: "function", function: { name: "a", parameters: 1n } }] }],
    ["templateKwargs", { messages, templateKwargs: [] }],
    ["thinking", { messages, thinking: "yes" }],
    ["temperature", { messages, temperature: Number.NaN }],
    ["temperature", { messages, temperature: -0.1 }],
    ["temperature", { messages, temperature: Infinity }],
    ["temperature", { messages, temperature: "0.7" }],
    ["temperature", { messages, temperature: null }],
    ["topK", { messages, topK: 1.5 }],
    ["topK", { messages, topK: -1 }],
    ["topP", { messages, topP: 0 }],
    ["topP", { messages, topP: 1.01 }],
    ["minP", { messages, minP: 2 }],
    ["repetitionPenalty", { messages, repetitionPenalty: 0 }],
    ["presencePenalty", { messages, presencePenalty: 2.5 }],
    ["frequencyPenalty", { messages, frequencyPenalty: -3 }],
    ["seed", { messages, seed: 2 ** 53 }],
    ["seed", { messages, seed: -1 }],
    ["maxTokens", { messages, maxTokens: 0 }],
    ["logprobs", { messages, logprobs: 21 }],
    ["logitBias", { messages, logitBias: [1] }],
    ["A key of logitBias", { messages, logitBias: { the: 1 } }],
    ["logitBias[5]", { messages, logitBias: { 5: Number.NaN } }],
    ["logitBias[5]", { messages, logitBias: { 5: -101 } }],
    ["stop", { messages, stop: "" }],
    ["stop", { messages, stop: 5 }],
    ["stop[1]", { messages, stop: ["a", ""] }],
  ];
  it.each(wrong)("names %s when it's wrong", (field, request) => {
    const error = (() => {
      try {
        return convert(request);
      } catch (caught) {
        return caught;
      }
    })();
    expect(error).toMatchObject({ name: "IzwiError", code: "INVALID_REQUEST" });
    expect((error as Error).message.split(/ (must|can't) /)[0]).toBe(field);
  });
});

describe("toTokenIds", () => {
  it("takes ids inside the vocabulary", () => {
    expect(toTokenIds([0, 255], 256)).toEqual(Uint32Array.of(0, 255));
    expect(toTokenIds(Uint32Array.of(3), 256)).toEqual(Uint32Array.of(3));
  });

  it.each([[256], [-1], [1.5], [Number.NaN], ["1"]])("refuses %j", (id) => {
    expect(() => toTokenIds([0, id as number], 256)).toThrow("tokenIds[1] must be a token id from 0 to 255");
  });

  it("refuses what is no array", () => {
    expect(() => toTokenIds("12" as unknown as number[], 256)).toThrow("tokenIds must be an array");
  });
});
