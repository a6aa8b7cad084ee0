import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { chat } from "./chat.js";
import { scripted, type ScriptedAnswer } from "./testing/scripted.js";
import type { ChatOptions } from "./settings.js";
import { tool } from "./tools.js";
import { fromJson } from "./transcript.js";

const folder = mkdtempSync(join(tmpdir(), "izwi-transcript-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const file = () => join(folder, `session-${(count += 1)}.json`);

function session(answers: ScriptedAnswer[], options: ChatOptions = {}) {
  const backend = scripted(answers, { model: "qwen3-test" });
  return { backend, session: chat({ ...options, chatBackend: backend.open }) };
}

describe("save", () => {
  it("writes JSON that people can read", async () => {
    const { session: s } = session(["Hello Alice!"], { system: "Be brief.", temperature: 0.2, memory: true });
    await s.send("My name is Alice");
    const path = file();
    await s.save(path);
    expect(readFileSync(path, "utf8")).toBe(`{
  "format": "izwi-session",
  "version": 1,
  "model": {
    "name": "qwen3-test"
  },
  "system": "Be brief.",
  "settings": {
    "temperature": 0.2,
    "memory": true,
    "overflow": "error"
  },
  "messages": [
    {
      "role": "user",
      "content": "My name is Alice"
    },
    {
      "role": "assistant",
      "content": "Hello Alice!"
    }
  ]
}
`);
  });

  it("waits for the sends before it", async () => {
    const { session: s } = session([{ text: "a b c", delayMs: 3 }, "later"]);
    const path = file();
    const sending = s.send("1");
    const saving = s.save(path);
    const after = s.send("2");
    await Promise.all([sending, saving, after]);
    expect(fromJson(readFileSync(path, "utf8")).messages).toHaveLength(2);
  });

  it("keeps no key, server or function", async () => {
    const { session: s } = session(["a"], {
      apiKey: "secret-key",
      baseUrl: "http://host/v1",
      headers: { "x-token": "secret-header" },
      tools: { now: tool({ execute: () => 1 }) },
      overflow: ({ turns }) => turns,
    });
    await s.send("1");
    const path = file();
    await s.save(path);
    expect(readFileSync(path, "utf8")).not.toMatch(/secret|host|now|overflow/);
  });

  it("replaces a file whole: leaves nothing beside it, follows links, keeps permissions", async () => {
    const { session: s } = session(["a"]);
    await s.send("1");
    const own = mkdtempSync(join(folder, "own-"));
    const path = join(own, "a.json");
    const link = join(own, "link.json");
    await s.save(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    chmodSync(path, 0o640);
    symlinkSync(path, link);
    await s.save(link);
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(readdirSync(own).sort()).toEqual(["a.json", "link.json"]);
  });

  it("leaves the old file and no other where it fails", async () => {
    const { session: s } = session(["a"]);
    const own = mkdtempSync(join(folder, "own-"));
    await expect(s.save(join(own, "missing", "a.json"))).rejects.toMatchObject({
      code: "INVALID_SESSION_FILE",
      message: expect.stringContaining(join(own, "missing", "a.json")),
    });
    await expect(s.save(own)).rejects.toMatchObject({ code: "INVALID_SESSION_FILE" });
    await expect(s.save("")).rejects.toMatchObject({ code: "INVALID_REQUEST" });
    expect(readdirSync(own)).toEqual([]);
  });
});

describe("load", () => {
  it("restores messages, tool calls, system prompt, settings and memory", async () => {
    const now = tool({ execute: () => "12:00" });
    const options: ChatOptions = {
      system: "S",
      seed: 3,
      thinking: { budget: 9 },
      memory: true,
      overflow: "slide",
      maxSteps: 4,
    };
    const { session: s } = session([{ toolCalls: [{ name: "now" }] }, { reasoning: "Hm.", text: "Noon." }], options);
    await s.send("Time?", { tools: { now } });
    const path = file();
    await s.save(path);
    const backend = scripted(["It was noon."]);
    const restored = await chat.load(path, { chatBackend: backend.open });
    expect(restored.history).toEqual(s.history);
    expect([restored.system, restored.memory]).toEqual(["S", true]);
    expect(await restored.send("What did you say?")).toBe("It was noon.");
    expect(backend.lastRequest).toMatchObject({ seed: 3, thinking: { budget: 9 } });
    expect(backend.lastRequest.messages).toHaveLength(6);
    const again = file();
    restored.rewind();
    await restored.save(again);
    const [one, two] = [path, again].map((path) => JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>);
    expect({ ...two, model: null }).toEqual({ ...one, model: null });
  });

  it("lets options be given in the place of saved ones", async () => {
    const path = file();
    await session([], { system: "S", temperature: 0.1, seed: 1 }).session.save(path);
    const backend = scripted(["a"]);
    const restored = await chat.load(path, { chatBackend: backend.open, system: "T", temperature: 0.9, memory: false });
    await restored.send("x");
    expect(backend.lastRequest).toMatchObject({ seed: 1, temperature: 0.9, messages: [{ content: "T" }, {}] });
    expect(restored.memory).toBe(false);
  });

  it("as a session's method puts the saved conversation in the place of its own", async () => {
    const { session: s } = session(["a", "b"], { system: "S", temperature: 0.3 });
    await s.send("1");
    const path = file();
    await s.save(path);
    const other = session(["c"], { system: "T" });
    await other.session.send("2");
    await other.session.load(path);
    expect(other.session.history.map(({ content }) => content)).toEqual(["1", "a"]);
    expect([other.session.system, other.session.temperature]).toEqual(["S", 0.3]);
    await expect(other.session.load(join(folder, "absent.json"))).rejects.toThrow(/there is no such file/);
    expect(other.session.history).toHaveLength(2);
  });
});

describe("a file that is no session", () => {
  const whole = { format: "izwi-session", version: 1, messages: [] as unknown[] };
  const question = { role: "user", content: "?" };
  const calling = { role: "assistant", content: "", toolCalls: [{ id: "c", name: "n", arguments: "{}" }] };
  it.each<[string, unknown]>([
    ["it isn't JSON", "{"],
    [`it lacks "format"`, {}],
    [`it lacks "format"`, []],
    [`it lacks "format"`, { format: "other", version: 1, messages: [] }],
    ["version must be a number", { ...whole, version: "1" }],
    ["of version 2, and this Izwi reads up to 1", { ...whole, version: 2, messages: 7 }],
    ["messages must be an array", { ...whole, messages: {} }],
    ["messages[0].content must be a text", { ...whole, messages: [{ role: "user" }] }],
    [`messages[0].role must be`, { ...whole, messages: [{ role: "system", content: "x" }] }],
    [
      "messages[1].toolCalls[0].name must be",
      { ...whole, messages: [question, { ...calling, toolCalls: [{ id: "c" }] }] },
    ],
    ["the result of the tool call c is missing", { ...whole, messages: [question, calling] }],
    ["messages[2] comes before the result of the call c", { ...whole, messages: [question, calling, question] }],
    ["a tool call that isn't there", { ...whole, messages: [{ role: "tool", toolCallId: "c", content: "" }] }],
    ["system must be a text or null", { ...whole, system: 7 }],
    ["model must be an object with a name", { ...whole, model: "qwen" }],
    ["settings.temperature must be a number", { ...whole, settings: { temperature: "hot" } }],
    ["settings.memory must be true or false", { ...whole, settings: { memory: 1 } }],
    ["settings.overflow must be", { ...whole, settings: { overflow: "drop" } }],
    ["context.dropped must be", { ...whole, context: { dropped: 3 } }],
    [
      "context.dropped must be the place of a question",
      { ...whole, messages: [question, { role: "assistant", content: "" }], context: { dropped: 1 } },
    ],
  ])("is refused: %s", async (why, content) => {
    const path = file();
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
    const error = await chat.load(path).then(
      () => expect.fail("it was loaded"),
      (error: Error) => error,
    );
    expect(error).toMatchObject({ code: "INVALID_SESSION_FILE", name: "IzwiError" });
    expect(error.message).toContain(path);
    expect(error.message).toContain(why);
  });

  it("one written by hand needs no more than version and messages", () => {
    const { messages, system } = fromJson(`{"version":1,"system":"S","messages":[{"role":"user","content":"?"}]}`);
    expect([messages, system]).toEqual([[{ role: "user", content: "?" }], "S"]);
  });

  it("fields of later versions' additions are ignored, and little is needed", () => {
    const transcript = fromJson(JSON.stringify({ ...whole, later: 1, settings: { mood: "good" } }));
    expect(transcript).toMatchObject({ memory: true, settings: {}, messages: [], window: { dropped: 0 } });
  });
});
