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
