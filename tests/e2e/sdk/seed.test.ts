/** The examples that the project began with, in TypeScript, with what they say that comes of them. */
import { ask, chat, IzwiError, type Session } from "@izwi/sdk";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "izwi-seed-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const open: Session[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((session) => session.close()));
});
function start(...options: Parameters<typeof chat>): Session {
  const [first, ...rest] = options;
  const session = chat({ model: "builtin", temperature: 0, ...first }, ...rest);
  open.push(session);
  return session;
}

describe("chat", () => {
  it("basic usage: an answer is a text", async () => {
    const session = start();
    expect(typeof (await session.send("Hello!"))).toBe("string");
    expect(await session.send("What's your name?")).not.toBe("");
  });

  it("quick start: the session maintains context", async () => {
    const session = start();
    for (const message of ["Hi, I need help with Python", "How do I read a file?", "Can you show an example?"]) {
      expect((await session.send(message)).trim()).not.toBe("");
    }
    expect(session.history).toHaveLength(6);
  });

  it("the interactive loop ends at quit", async () => {
    const session = start();
    const typed = ["Hello!", "Tell me a joke", "QUIT", "never sent"];
    const printed: string[] = [];
    for (const userInput of typed) {
      if (userInput.toLowerCase() === "quit") break;
      printed.push(`AI: ${await session.send(userInput)}`);
    }
    expect(printed).toHaveLength(2);
  });

  it("a system prompt steers the answers", async () => {
    const session = start({ system: "You are a pirate." });
    expect(await session.send("Hello!")).toMatch(/arr|matey|ahoy/i);
  });

  it("a model that isn't here needs a server: the error says so", async () => {
    vi.stubEnv("OPENAI_API_KEY", "");
    vi.stubEnv("OPENAI_BASE_URL", "");
    const error = await chat({ model: "gpt-4", temperature: 0.5 })
      .send("Help me design an API")
      .catch((error: unknown) => error);
    vi.unstubAllEnvs();
    expect(error).toBeInstanceOf(IzwiError);
    expect(error).toMatchObject({ code: "MODEL_NOT_FOUND", message: expect.stringMatching(/gpt-4.*OPENAI_API_KEY/) });
  });

  it("is cleaned up at the end of a block", async () => {
    let kept: Session;
    {
      await using session = start();
      kept = session;
      await session.send("Hello");
      await session.send("Tell me a joke");
    }
    expect(kept.closed).toBe(true);
    await expect(kept.send("Hello")).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("conversation history: the name is Alice", async () => {
    const session = start();
    await session.send("My name is Alice");
    await session.send("I work at Acme Corp");
    expect(await session.send("What's my name?")).toMatch(/Your name is Alice/);
    const printed = session.history.map((message) => `${message.role}: ${message.content}`);
    expect(printed[0]).toBe("user: My name is Alice");
    expect(printed).toHaveLength(6);
  });

  it("clear: the secret code isn't remembered", async () => {
    const session = start();
    await session.send("Remember: secret code is 1234");
    expect(await session.send("What's the secret code?")).toContain("1234");
    session.clear();
    expect(await session.send("What's the secret code?")).not.toContain("1234");
  });

  it("streaming: the chunks are the story", async () => {
    const session = start();
    let printed = "";
    for await (const chunk of session.stream("Write a long story")) printed += chunk;
    expect(printed.trim()).not.toBe("");
    expect(session.history.at(-1)!.content).toBe(printed);
  });

  it("sendAsync is send", async () => {
    expect(typeof (await start().sendAsync("Hello!"))).toBe("string");
  });

  it("persistence: the restored session remembers", async () => {
    const path = join(folder, "session.json");
    const session = start({ system: "You are a friendly assistant." });
    await session.send("My name is Alice");
    await session.save(path);
    const file = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
    expect(file).toMatchObject({ version: 1, model: { name: "builtin" }, system: "You are a friendly assistant." });

    await using restored = await chat.load(path);
    expect([restored.temperature, restored.memory]).toEqual([0, true]);
    expect(await restored.send("What's my name?")).toMatch(/Alice/);
    const other = start();
    await other.load(path);
    expect(await other.send("What's my name?")).toMatch(/Alice/);
  });
});

it("ask: one question, one answer", async () => {
  expect((await ask("What are you?", { model: "builtin", temperature: 0 })).trim()).not.toBe("");
});
