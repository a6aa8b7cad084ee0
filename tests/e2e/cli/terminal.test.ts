import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { cleanEnvironment, endless, greedy } from "./program.js";
import { hasTerminal, keys, Terminal } from "./terminal.js";

let terminal: Terminal | undefined;
afterEach(() => terminal?.kill());

/** `izwi chat` at its first prompt. */
async function chat(args: string[] = greedy, env?: NodeJS.ProcessEnv): Promise<Terminal> {
  terminal = new Terminal(["chat", ...args], env);
  await terminal.shows("You: ");
  return terminal;
}

describe.skipIf(!hasTerminal)("izwi chat in a terminal (made by util-linux's script)", () => {
  it("says what it is, greets, and leaves on exit", async () => {
    const screen = await chat();
    expect(screen.text).toMatch(/built-in model.*izwi pull qwen3-chat-0\.6b-4bit/);
    expect(screen.text).toContain("Chat mode with 'izwi-tiny'");
    expect(await screen.say("Hello")).toMatch(/Izwi: \S.*\S/);
    screen.type(`exit${keys.enter}`);
    expect(await screen.exit).toBe(0);
    expect(screen.text).toMatch(/Goodbye!\n$/);
  });

  it("remembers a name, and forgets it on clear", async () => {
    const screen = await chat();
    await screen.say("My name is Alice");
    expect(await screen.say("What's my name?")).toMatch(/Izwi: .*Alice/);
    expect(await screen.say("clear")).toContain("Conversation history cleared.");
    expect(await screen.say("What's my name?")).not.toMatch(/Izwi: .*Alice/);
    screen.type(`QUIT${keys.enter}`);
    expect(await screen.exit).toBe(0);
  });

  it("stops an answer on Ctrl+C and goes on; twice leaves", async () => {
    const screen = await chat([...endless, "--stats"]);
    screen.type(`Hello${keys.enter}`);
    await screen.shows("Izwi: ");
    screen.type(keys.ctrlC);
    await screen.shows("Stopped. Press Ctrl+C again to leave.");
    await screen.shows("You: ");
    screen.type(`/set temperature 0${keys.enter}`);
    await screen.shows("temperature = 0");
    await screen.shows("You: ");
    // The next question is answered, and the stopped answer's tokens are part of its prompt.
    await screen.say("clear");
    expect(await screen.say("Hello")).toMatch(/Izwi: \S[^]*TTFT/);
    screen.type(keys.ctrlC);
    await screen.shows("Press Ctrl+C again to leave, or type exit.");
    screen.type(keys.ctrlC);
    expect(await screen.exit).toBe(0);
    expect(screen.text).toMatch(/Goodbye!\n$/);
  });

  it("prefills only what is new in the second turn", async () => {
    const screen = await chat([...greedy, "--stats"]);
    await screen.say("My name is Alice");
    const second = await screen.say("What's my name?");
    const [, prefilled, prompt, cached] = /prefill (\d+) tokens.* prompt (\d+) \((\d+) cached\)/.exec(second) ?? [];
    expect(Number(cached)).toBeGreaterThan(0);
    expect(Number(prefilled)).toBe(Number(prompt) - Number(cached));
  });

  it("leaves on Ctrl+D", async () => {
    const screen = await chat();
    screen.type(keys.ctrlD);
    expect(await screen.exit).toBe(0);
    expect(screen.text).toMatch(/You: \nGoodbye!\n$/);
  });

  it("keeps a paste of several lines, and lines between fences, one message", async () => {
    const screen = await chat();
    screen.type(`${keys.paste("exit\nMy name is Bob")}${keys.enter}`);
    await screen.shows("Izwi: ");
    await screen.shows("You: ");
    screen.type(`"""${keys.enter}quit${keys.enter}"""${keys.enter}`);
    await screen.shows("Izwi: ");
    await screen.shows("You: ");
    screen.type(`exit${keys.enter}`);
    expect(await screen.exit).toBe(0);
  });

  it("keeps what was typed, privately, unless told not to", async () => {
    const env = cleanEnvironment();
    const file = join(env["XDG_STATE_HOME"]!, "izwi", "chat_history");
    const first = await chat(greedy, env);
    await first.say("Good morning");
    first.type(`exit${keys.enter}`);
    await first.exit;
    expect(readFileSync(file, "utf8")).toBe("Good morning\n");
    expect(statSync(file).mode & 0o777).toBe(0o600);

    const second = await chat(greedy, env);
    second.type(keys.up);
    await second.shows("Good morning");
    second.type(keys.enter);
    await second.shows("Izwi: ");
    second.type(keys.ctrlD);
    expect(await second.exit).toBe(0);

    const untold = cleanEnvironment({ IZWI_NO_HISTORY: "1" });
    const third = await chat(greedy, untold);
    await third.say("Good morning");
    third.type(keys.ctrlD);
    await third.exit;
    expect(existsSync(join(untold["XDG_STATE_HOME"]!, "izwi", "chat_history"))).toBe(false);
  });

  it("colours, and respects NO_COLOR", async () => {
    const cyan = "\u001b[36m";
    const coloured = await chat();
    coloured.type(keys.ctrlD);
    await coloured.exit;
    expect(coloured.raw).toContain(cyan);
    const plain = await chat(greedy, cleanEnvironment({ NO_COLOR: "1" }));
    plain.type(keys.ctrlD);
    await plain.exit;
    expect(plain.raw).not.toContain(cyan);
  });

  it("says why it doesn't speak, and goes on in text", async () => {
    const screen = await chat([...greedy, "--voice", "nobody", "--voice-out", "unused.wav"]);
    expect(screen.text).toContain("Answers are text only. voice must be one of default, slt");
    expect(await screen.say("Hello")).toMatch(/Izwi: \S/);
    screen.type(keys.ctrlD);
    expect(await screen.exit).toBe(0);
  });
});
