import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { FakeWorld } from "../fakes/fake-world.js";
import type { FakeWorldOptions } from "../fakes/fake-world.js";

/** A world, and the file in its folder that conversations go to. */
function saving(options: FakeWorldOptions = {}) {
  const world = new FakeWorld({ installed: ["a"], ...options });
  return { world, file: path.join(world.env["XDG_STATE_HOME"]!, "talk.json") };
}

async function again(file: string, ...argv: string[]) {
  const world = new FakeWorld({ installed: ["a", "b"] });
  const code = await world.run("chat", "--resume", file, ...argv);
  return { world, code };
}

it("--save writes the conversation, and --resume goes on with it as it was", async () => {
  const { world, file } = saving();
  const flags = ["-m", "a", "--system", "Be kind.", "--think", "--temperature", "0", "--stop", "END", "--save", file];
  expect(await world.run("chat", "-p", "My name is Ada", ...flags)).toBe(0);
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({
    ...{ format: "izwi-session", model: { name: "a" }, system: "Be kind." },
    settings: { temperature: 0, thinking: true, stop: ["END"] },
    messages: [
      { role: "user", content: "My name is Ada" },
      { role: "assistant", content: "Hello! How can I help you today?" },
    ],
  });

  const next = await again(file, "-p", "What's my name?", "--save", file);
  expect(next.code).toBe(0);
  expect(next.world.stdout.text).toBe("Your name is Ada.\n");
  expect(next.world.core.model.info.id).toBe("a");
  expect(next.world.core.model.requests[0]).toMatchObject({ thinking: true, temperature: 0, stop: ["END"] });
  expect(next.world.core.model.requests[0]!.messages[0]).toEqual({ role: "system", content: "Be kind." });
  expect(JSON.parse(readFileSync(file, "utf8")).messages).toHaveLength(4);
});

it("flags win over what was saved", async () => {
  const { world, file } = saving();
  await world.run("chat", "-p", "My name is Ada", "-m", "a", "--think", "--save", file);
  const flags = ["-m", "b", "--system", "Be brief.", "--no-think", "--temperature", "1"];
  const { world: next } = await again(file, "-p", "What's my name?", ...flags);
  expect(next.core.model.info.id).toBe("b");
  expect(next.core.model.requests[0]).toMatchObject({ thinking: false, temperature: 1 });
  expect(next.core.model.requests[0]!.messages[0]!.content).toBe("Be brief.");
  expect(JSON.parse(readFileSync(file, "utf8")).messages).toHaveLength(2);
});

it("keeps a conversation of many messages, the part of an answer that was stopped included", async () => {
  const { world, file } = saving({ terminal: true, answer: () => [{ type: "text-delta", text: "Some" }, "wait"] });
  const done = world.start("chat", "-m", "a", "--save", file);
  await world.shows("You: ");
  world.type("hi\r");
  await world.shows("Some", "stdout");
  world.type("\u0003");
  await world.shows("Stopped");
  world.type("exit\r");
  expect(await done).toBe(0);
  expect(JSON.parse(readFileSync(file, "utf8")).messages).toEqual([
    { role: "user", content: "hi" },
    { role: "assistant", content: "Some", truncated: true },
  ]);
});

it("writes over no other conversation", async () => {
  const { world, file } = saving();
  writeFileSync(file, "mine");
  expect(await world.run("chat", "-p", "hi", "-m", "a", "--save", file)).toBe(2);
  expect(world.stderr.text).toContain("is there already");
  expect(readFileSync(file, "utf8")).toBe("mine");
  expect(world.core.loaded).toEqual([]);
});

it("says what is wrong with a file before anything is asked", async () => {
  const { world, file } = saving();
  const folder = path.join(file, "below", "nothing.json");
  expect(await world.run("chat", "-p", "hi", "-m", "a", "--save", folder)).toBe(1);
  expect(world.stderr.text).toContain("can't be saved");
  expect(world.core.model.requests).toEqual([]);
  expect(world.core.model.closed).toBe(true);
  expect(existsSync(file)).toBe(false);

  writeFileSync(file, "{}");
  const { world: next, code } = await again(file, "-p", "hi");
  expect(code).toBe(1);
  expect(next.stderr.text).toContain("isn't a session's file");
  expect((await again(`${file}.absent`, "-p", "hi")).world.stderr.text).toContain("there is no such file");
});

it("leaves out what this chat can't send", async () => {
  const { file } = saving();
  const call = { id: "1", name: "clock", arguments: "{}" };
  const messages = [
    { role: "user", content: "old" },
    { role: "assistant", content: "gone" },
    { role: "user", content: "What time is it?" },
    { role: "assistant", content: "", toolCalls: [call] },
    { role: "tool", toolCallId: "1", content: "noon" },
    { role: "assistant", content: "Noon." },
  ];
  writeFileSync(file, JSON.stringify({ version: 1, messages, context: { dropped: 2 } }));
  const { world } = await again(file, "-p", "Thanks", "-m", "a");
  expect(world.core.model.requests[0]!.messages.map(({ content }) => content)).toEqual([
    "What time is it?",
    "Noon.",
    "Thanks",
  ]);
  expect(world.stderr.text).toContain("The oldest 2 messages are left out");
  expect(world.stderr.text).toContain("Tools that were called are left out.");
});
