import { existsSync, readFileSync } from "node:fs";
import { IzwiError } from "@izwi/core";
import { describe, expect, it } from "vitest";
import { words } from "../fakes/fake-core.js";
import { FakeWorld } from "../fakes/fake-world.js";
import type { FakeWorldOptions } from "../fakes/fake-world.js";
import { historyFile } from "../repl/input-history.js";

const prompt = "You: ";

/** A terminal in which a conversation has begun. */
async function conversation(options: FakeWorldOptions = {}, ...argv: string[]) {
  const world = new FakeWorld({ terminal: true, ...options, env: { NO_COLOR: "1", ...options.env } });
  const ending = world.start("chat", ...argv);
  await world.shows(prompt);
  return {
    world,
    ending,
    /** Sends a line and waits for the next prompt. */
    async say(line: string) {
      world.type(`${line}\r`);
      await world.shows(prompt);
    },
    requests: () => world.core.model.requests,
    contents: () => world.core.model.requests.at(-1)!.messages.map(({ role, content }) => `${role}: ${content}`),
  };
}

describe("a conversation", () => {
  it("greets, remembers, and says goodbye", async () => {
    const { world, ending, say } = await conversation();
    expect(world.stderr.text).toContain("Chat mode with 'izwi-tiny'");
    await say("My name is Alice");
    await say("What's my name?");
    expect(world.stdout.text).toBe("Hello! How can I help you today?\nYour name is Alice.\n");
    world.type("exit\r");
    expect(await ending).toBe(0);
    expect(world.stderr.text).toMatch(/Goodbye!\n$/);
    expect(world.core.model.closed).toBe(true);
    expect(world.stdin.raw).toBe(false);
  });

  it("shows how far a load is that takes a while, and then nothing of it", async () => {
    const { world, ending } = await conversation({
      installed: ["qwen3-chat-0.6b-4bit"],
      async loading({ onProgress }) {
        onProgress?.({ loadedBytes: 1e8, totalBytes: 4e8 });
        await new Promise((resolve) => setTimeout(resolve, 700));
      },
    });
    expect(world.stderr.text).toMatch(/Loading qwen3-chat-0\.6b-4bit…  █+.?░+  25 %  100 MB of 400 MB/);
    expect(world.stderr.text).toContain("400 MB\u001b[K\r\u001b[KChat mode");
    world.type("\u0004");
    expect(await ending).toBe(0);
  });

  it("forgets on clear, keeping the system prompt", async () => {
    const { world, say, contents, ending } = await conversation({}, "--system", "Be kind");
    await say("My name is Alice");
    world.type("clear\r");
    await world.shows("Conversation history cleared.");
    await world.shows(prompt);
    await say("What's my name?");
    expect(contents()).toEqual(["system: Be kind", "user: What's my name?"]);
    expect(world.stdout.text).toContain("I don't know your name.");
    world.type("/bye\r");
    await ending;
  });

  it("leaves on Ctrl+D, and on Ctrl+C twice", async () => {
    const first = await conversation();
    first.world.type("\u0004");
    expect(await first.ending).toBe(0);
    expect(first.world.stderr.text).toMatch(/\nGoodbye!\n$/);

    const { world, ending, say } = await conversation();
    world.type("\u0003");
    await world.shows("Press Ctrl+C again to leave");
    await world.shows(prompt);
    // Anything else in between starts the count again.
    await say("hi");
    world.type("half a line\u0003");
    await world.shows("Press Ctrl+C again to leave");
    world.type("\u0003");
    expect(await ending).toBe(0);
    expect(world.stderr.text).toMatch(/Goodbye!\n$/);
    expect(world.core.model.requests).toHaveLength(1);
  });

  it("ignores empty lines", async () => {
    const { world, say, ending } = await conversation();
    await say("");
    await say("   ");
    expect(world.core.model.requests).toEqual([]);
    world.type("quit\r");
    await ending;
  });

  it("takes messages that begin like commands", async () => {
    const { world, say, contents, ending } = await conversation();
    await say("exit strategies?");
    await say('"""/clear"""');
    expect(contents()).toEqual([
      "user: exit strategies?",
      "assistant: Hello! How can I help you today?",
      "user: /clear",
    ]);
    world.type("EXIT\r");
    await ending;
  });
});

describe("stopping an answer", () => {
  const endless: FakeWorldOptions = {
    answer: ({ messages }) =>
      messages.at(-1)!.content === "go on" ? [{ type: "text-delta", text: "On and" }, "wait"] : words("Fine."),
  };

  it("keeps the part that came, and the session", async () => {
    const { world, say, contents, ending } = await conversation(endless);
    world.type("go on\r");
    await world.shows("On and", "stdout");
    world.type("\u0003");
    await world.shows("Stopped. Press Ctrl+C again to leave.");
    await world.shows(prompt);
    await say("and now?");
    expect(contents()).toEqual(["user: go on", "assistant: On and", "user: and now?"]);
    expect(world.stdout.text).toBe("On and\nFine.\n");
    world.type("exit\r");
    expect(await ending).toBe(0);
  });

  it("leaves when pressed again", async () => {
    const { world, ending } = await conversation(endless);
    world.type("go on\r");
    await world.shows("On and", "stdout");
    world.type("\u0003\u0003");
    expect(await ending).toBe(0);
    expect(world.core.model.closed).toBe(true);
  });

  it("forgets the question when nothing came", async () => {
    const { world, say, contents, ending } = await conversation({
      answer: ({ messages }) => (messages.at(-1)!.content === "slow" ? ["wait"] : words("Fine.")),
    });
    world.type("slow\r");
    await new Promise((resolve) => setTimeout(resolve, 50));
    world.type("\u0003");
    await world.shows("the question is forgotten");
    await world.shows(prompt);
    await say("quick");
    expect(contents()).toEqual(["user: quick"]);
    world.type("exit\r");
    await ending;
  });

  it("obeys SIGTERM and SIGHUP anywhere", async () => {
    const answering = await conversation(endless);
    answering.world.type("go on\r");
    await answering.world.shows("On and", "stdout");
    answering.world.signals.emit("SIGTERM");
    expect(await answering.ending).toBe(143);
    expect(answering.world.core.model.closed).toBe(true);

    const reading = await conversation();
    reading.world.signals.emit("SIGHUP");
    expect(await reading.ending).toBe(129);
    expect(reading.world.core.model.closed).toBe(true);
    expect(reading.world.stdin.raw).toBe(false);
  });
});

describe("errors", () => {
  it("never end the session, and leave no trace in the conversation", async () => {
    const overflow = new IzwiError("CONTEXT_OVERFLOW", "The prompt has 900 tokens, the context holds 512.");
    const { world, say, contents, ending } = await conversation({
      answer: ({ messages }) => {
        const { content } = messages.at(-1)!;
        if (content === "long") return [overflow];
        if (content === "break") return [{ type: "text-delta", text: "Half" }, new Error("a defect")];
        return words("Fine.");
      },
    });
    await say("one");
    world.type("long\r");
    await world.shows("error: The prompt has 900 tokens, the context holds 512.\nType 'clear'");
    world.type("break\r");
    await world.shows("error: a defect");
    await world.shows(prompt);
    await say("two");
    expect(contents()).toEqual(["user: one", "assistant: Fine.", "user: two"]);
    expect(world.stdout.text).toBe("Fine.\nHalf\nFine.\n");
    world.type("exit\r");
    expect(await ending).toBe(0);
  });
});

describe("commands", () => {
  it("change and show the settings", async () => {
    const { world, say, requests, ending } = await conversation();
    for (const [line, reply] of [
      ["help", "/set [NAME VALUE]"],
      ["/set temperature 0.5", "temperature = 0.5"],
      ["/set Top_K=7", "top-k = 7"],
      ["/set seed 3", "seed = 3"],
      ["/set seed default", "seed = default"],
      ["/set top-p 2", "top-p must be a number above 0, up to 1, not '2'."],
      ["/set temprature 1", "Did you mean temperature?"],
      ["/set", "top-k = 7"],
      ["/system", "There is no system prompt."],
      ["/system You are a pirate", "System prompt: You are a pirate"],
      ["/think", "The model thinks before it answers."],
      ["/model", "izwi-tiny (built-in) · qwen3, 2.1 M parameters, Q8_0 · context 2048 tokens · cpu avx2, 2 threads"],
      ["/stats", "No answer was completed yet."],
      ["/stats on", "Figures follow every answer."],
      ["/retry", "Nothing was asked yet."],
      ["/frobnicate", "There is no command /frobnicate."],
    ] as const) {
      world.type(`${line}\r`);
      await world.shows(reply);
    }
    world.type("hi\r");
    await world.shows("TTFT 180 ms");
    await world.shows(prompt);
    expect(requests()).toEqual([
      {
        messages: [
          { role: "system", content: "You are a pirate" },
          { role: "user", content: "hi" },
        ],
        thinking: true,
        temperature: 0.5,
        topK: 7,
      },
    ]);
    await say("/system none");
    await say("/no-think");
    await say("again");
    expect(requests().at(-1)).toMatchObject({
      thinking: false,
      messages: [{ role: "user" }, { role: "assistant" }, { content: "again" }],
    });
    world.type("exit\r");
    await ending;
  });

  it("retry asks the last question again in place of it", async () => {
    let count = 0;
    const { world, say, contents, ending } = await conversation({ answer: () => words(`Answer ${++count}.`) });
    await say("one");
    await say("two");
    await say("/retry");
    expect(contents()).toEqual(["user: one", "assistant: Answer 1.", "user: two"]);
    await say("three");
    expect(contents().slice(-3)).toEqual(["user: two", "assistant: Answer 3.", "user: three"]);
    world.type("exit\r");
    await ending;
  });

  it("retry keeps the old answer when asking again fails, and repeats what failed", async () => {
    let fail = false;
    const { world, say, contents, ending } = await conversation({
      answer: () => (fail ? [new IzwiError("INTERNAL", "no luck")] : words("Fine.")),
    });
    await say("one");
    fail = true;
    world.type("/retry\r");
    await world.shows("error: no luck\nType /retry to try again");
    world.type("two\r");
    await world.shows("error: no luck");
    await world.shows(prompt);
    fail = false;
    await say("/retry");
    expect(contents()).toEqual(["user: one", "assistant: Fine.", "user: two"]);
    world.type("exit\r");
    await ending;
  });
});

describe("what is kept and shown", () => {
  it("keeps what was typed for the next run, unless told not to", async () => {
    const { world, say, ending } = await conversation();
    await say("hello there");
    world.type("exit\r");
    await ending;
    const file = historyFile(world.env);
    expect(readFileSync(file, "utf8")).toBe("hello there\n");

    const again = await conversation({ env: { XDG_STATE_HOME: world.env["XDG_STATE_HOME"]! } });
    await again.say("\u001b[A");
    expect(again.contents()).toEqual(["user: hello there"]);
    again.world.type("exit\r");
    await again.ending;

    const secret = await conversation({ env: { IZWI_NO_HISTORY: "1" } });
    await secret.say("hello there");
    secret.world.type("exit\r");
    await secret.ending;
    expect(existsSync(historyFile(secret.world.env))).toBe(false);
  });

  it("colours on a terminal, and not with NO_COLOR or --no-color", async () => {
    const cyan = "\u001b[36m";
    const coloured = await conversation({ env: { NO_COLOR: "" } });
    coloured.world.type("exit\r");
    await coloured.ending;
    expect(coloured.world.stderr.text).toContain(cyan);
    for (const [env, flags] of [
      [{ NO_COLOR: "1" }, []],
      [{ NO_COLOR: "" }, ["--no-color"]],
    ] as const) {
      const plain = await conversation({ env }, ...flags);
      plain.world.type("exit\r");
      await plain.ending;
      expect(plain.world.stderr.text).not.toContain(cyan);
    }
  });

  it("lets no answer drive the terminal", async () => {
    const { world, say, ending } = await conversation({ answer: () => words("\u001b]0;pwned\u0007\u001b[2Jhi") });
    await say("hi");
    expect(world.stdout.text).toBe("]0;pwned[2Jhi\n");
    world.type("exit\r");
    await ending;
  });

  it("holds a conversation through a pipe with --interactive", async () => {
    const world = new FakeWorld();
    world.type("My name is Bob\nWhat's my name?\nexit\nnever read\n");
    expect(await world.run("chat", "--interactive", "-q")).toBe(0);
    expect(world.stdout.text).toBe("Hello! How can I help you today?\nYour name is Bob.\n");
    expect(existsSync(historyFile(world.env))).toBe(false);
  });
});
