import { describe, expect, it } from "vitest";
import { newConversation } from "./conversation.js";
import type { Message } from "./message.js";
import { fileName, fromSessionFile, toSessionFile } from "./session-file.js";

const conversation = newConversation({ model: "izwi-tiny", system: "Be kind.", settings: { temperature: 0, topK: 5 } });

function message(fields: Partial<Message> & Pick<Message, "role" | "content">): Message {
  return { id: "1", conversationId: conversation.id, parentId: null, createdAt: 1, ...fields };
}

describe("a session's file", () => {
  it("has the names of the SDK", () => {
    const file: unknown = JSON.parse(
      toSessionFile(conversation, [
        message({ role: "user", content: "Hello!" }),
        message({ role: "assistant", content: "Hi.", reasoning: "A greeting.", end: "stop" }),
        message({ role: "user", content: "More" }),
        message({ role: "assistant", content: "Mo", end: "stopped" }),
      ]),
    );
    expect(file).toEqual({
      format: "izwi-session",
      version: 1,
      model: { name: "izwi-tiny" },
      system: "Be kind.",
      settings: { temperature: 0, topK: 5, memory: true },
      messages: [
        { role: "user", content: "Hello!" },
        { role: "assistant", content: "Hi.", reasoningContent: "A greeting." },
        { role: "user", content: "More" },
        { role: "assistant", content: "Mo", truncated: true },
      ],
    });
  });

  it("leaves out questions without an answer", () => {
    const text = toSessionFile(conversation, [
      message({ role: "user", content: "Hello!" }),
      message({ role: "assistant", content: "", error: "The server can't be reached.", end: "interrupted" }),
    ]);
    expect(JSON.parse(text)).toMatchObject({ messages: [] });
  });

  it("comes back as it went", () => {
    const path = [
      message({ role: "user", content: "Weather?" }),
      message({
        role: "assistant",
        content: "",
        end: "stop",
        toolCalls: [{ id: "a", name: "weather", arguments: "{}" }],
      }),
      message({ role: "tool", content: "Rain", toolCallId: "a", toolName: "weather" }),
      message({ role: "assistant", content: "It rains.", end: "stop" }),
    ];
    const text = toSessionFile({ ...conversation, settings: { thinking: { budget: 9 }, memory: false } }, path);
    const imported = fromSessionFile(text);
    expect(imported.conversation).toMatchObject({ title: "Weather?", system: "Be kind.", model: "izwi-tiny" });
    expect(imported.conversation.settings).toEqual({ thinking: { budget: 9 }, memory: false });
    expect(imported.conversation.leafId).toBe(imported.messages.at(-1)!.id);
    expect(toSessionFile(imported.conversation, imported.messages)).toBe(text);
  });

  const turn = (id: string) => [
    message({ id: `q${id}`, role: "user", content: "?" }),
    message({ id: `a${id}`, role: "assistant", content: "!", end: "stop" }),
  ];

  it.each([
    ["a1", 2, undefined],
    ["a2", 4, "They met."],
  ])(
    "keeps what isn't sent any more, up to %s, and what happens when the context is full",
    (after, dropped, summary) => {
      const window = { after, ...(summary !== undefined && { summary }) };
      const settings = { overflow: "slide", maxSteps: 4 } as const;
      const text = toSessionFile({ ...conversation, settings, window }, [...turn("1"), ...turn("2")]);
      expect(JSON.parse(text)).toMatchObject({
        settings,
        context: window.summary ? { dropped, summary } : { dropped },
      });
      const imported = fromSessionFile(text);
      expect(imported.conversation.settings).toEqual(settings);
      expect(imported.conversation.window).toEqual({ ...window, after: imported.messages[dropped - 1]!.id });
      expect(toSessionFile(imported.conversation, imported.messages)).toBe(text);
    },
  );

  it("counts only messages that are in it, and has no window of another branch", () => {
    const failed = [
      message({ id: "q0", role: "user", content: "?" }),
      message({ id: "a0", role: "assistant", content: "", error: "No.", end: "interrupted" }),
    ];
    const path = [...failed, ...turn("1"), ...turn("2")];
    const contextOf = (after: string) =>
      (JSON.parse(toSessionFile({ ...conversation, window: { after } }, path)) as { context?: object }).context;
    expect(contextOf("a1")).toEqual({ dropped: 2 });
    expect(contextOf("a0")).toBeUndefined();
    expect(contextOf("elsewhere")).toBeUndefined();
  });

  it("that a person wrote needs no more than version and messages", () => {
    const text = `{"version":1,"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Ho"}]}`;
    expect(fromSessionFile(text).messages).toHaveLength(2);
  });

  it.each([
    ["not JSON", "{", "isn't JSON"],
    ["something else", "{}", "isn't an Izwi session"],
    ["of the future", `{"format":"izwi-session","version":2}`, "newer Izwi"],
    ["without messages", `{"format":"izwi-session","version":1}`, "messages must be an array"],
    [
      "with a number for a text",
      `{"format":"izwi-session","version":1,"messages":[{"role":"user","content":3}]}`,
      "messages[0].content must be a text",
    ],
    [
      "with a call that has no result",
      `{"format":"izwi-session","version":1,"messages":[{"role":"assistant","content":"","toolCalls":[{"id":"a","name":"b","arguments":"{}"}]}]}`,
      "lacks the result",
    ],
    [
      "with an overflow that is none",
      `{"format":"izwi-session","version":1,"messages":[],"settings":{"overflow":"drop"}}`,
      `settings.overflow must be "error", "slide" or "summarize"`,
    ],
    [
      "with no steps",
      `{"format":"izwi-session","version":1,"messages":[],"settings":{"maxSteps":0}}`,
      "settings.maxSteps must be a number from 1",
    ],
    [
      "with more dropped than there is",
      `{"format":"izwi-session","version":1,"messages":[],"context":{"dropped":1}}`,
      "context.dropped must be a number of messages",
    ],
    [
      "with a window that begins with an answer",
      `{"format":"izwi-session","version":1,"messages":[{"role":"user","content":"?"},{"role":"assistant","content":"!"}],"context":{"dropped":1}}`,
      "context.dropped must be the place of a question",
    ],
    [
      "with settings that aren't numbers",
      `{"format":"izwi-session","version":1,"messages":[],"settings":{"topK":"many"}}`,
      "settings.topK must be a number",
    ],
  ])("that is %s is refused with a reason", (_, text, reason) => {
    expect(() => fromSessionFile(text)).toThrow(reason);
  });

  it.each([
    ["What's 3 + 4?", "what-s-3-4.json"],
    ["../../etc/passwd", "etc-passwd.json"],
    ["日本", "日本.json"],
    ["???", "chat.json"],
  ])("of %j is called %s", (title, name) => {
    expect(fileName(title)).toBe(name);
  });
});
