import { describe, expect, it } from "vitest";
import type { ChatRequest } from "./request.js";
import { toNativeRequest, toTokenIds } from "./request.js";

const messages: ChatRequest["messages"] = [{ role: "user", content: "Hello" }];

const tool = { type: "function", function: { name: "a" } };

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

  it("passes priority and client on", () => {
    expect(convert({ messages, priority: -100, client: "ann" }).generation).toEqual({ priority: -100, client: "ann" });
  });

  it("puts budgets, tool choices and formats in the addon's form", () => {
    const tools: ChatRequest["tools"] = [{ type: "function", function: { name: "add" } }];
    expect(toNativeRequest({ messages, thinking: { budget: 7 } })).toMatchObject({ thinking: true, thinkingBudget: 7 });
    expect(toNativeRequest({ messages, thinking: { budget: 0 } })).toMatchObject({
      thinking: false,
      thinkingBudget: 0,
    });
    expect(toNativeRequest({ messages, tools, toolChoice: "required", parallelToolCalls: false })).toMatchObject({
      toolChoice: "required",
      parallelToolCalls: false,
    });
    expect(toNativeRequest({ messages, tools, toolChoice: { name: "add" } })).toMatchObject({
      toolChoice: "named",
      toolName: "add",
    });
    expect(toNativeRequest({ messages, toolChoice: "none" }).toolChoice).toBe("none");
    const format = (responseFormat: ChatRequest["responseFormat"]) =>
      toNativeRequest({ messages, responseFormat }).generation!.responseFormat;
    expect(format({ type: "text" })).toBeUndefined();
    expect(format({ type: "json-object" })).toEqual({ type: "json-object" });
    expect(format({ type: "json-schema", schema: { type: "string" } })).toEqual({
      type: "json-schema",
      schema: `{"type":"string"}`,
    });
    expect(format({ type: "regex", pattern: "a+" })).toEqual({ type: "regex", pattern: "a+" });
    expect(format({ type: "choice", choices: ["yes", "no"] })).toEqual({ type: "choice", choices: ["yes", "no"] });
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
    ["thinking.budget", { messages, thinking: {} }],
    ["thinking.budget", { messages, thinking: { budget: 1.5 } }],
    ["toolChoice", { messages, toolChoice: "any" }],
    ["toolChoice", { messages, tools: [tool], toolChoice: {} }],
    ["toolChoice.name", { messages, tools: [tool], toolChoice: { name: "b" } }],
    ["parallelToolCalls", { messages, parallelToolCalls: 1 }],
    ["responseFormat", { messages, responseFormat: "json" }],
    ["responseFormat.type", { messages, responseFormat: { type: "xml" } }],
    ["responseFormat.schema", { messages, responseFormat: { type: "json-schema" } }],
    ["responseFormat.schema", { messages, responseFormat: { type: "json-schema", schema: { a: 1n } } }],
    ["responseFormat.pattern", { messages, responseFormat: { type: "regex", pattern: "" } }],
    ["responseFormat.choices", { messages, responseFormat: { type: "choice", choices: "a" } }],
    ["responseFormat.choices", { messages, responseFormat: { type: "choice", choices: [] } }],
    ["responseFormat.choices[1]", { messages, responseFormat: { type: "choice", choices: ["a", 1] } }],
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
    ["priority", { messages, priority: -101 }],
    ["client", { messages, client: 7 }],
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

it("refuses a tool choice without tools", () => {
  expect(() => convert({ messages, toolChoice: "required" })).toThrow("toolChoice needs tools");
  expect(() => convert({ messages, tools: [], toolChoice: { name: "a" } })).toThrow("toolChoice needs tools");
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
