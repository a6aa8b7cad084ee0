/** A conversation that is longer than the model's context. */
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { chat as sdkChat } from "@izwi/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serve, type TestServer } from "../server/running-server.js";
import { violations } from "./axe.js";
import { browserProgram, startBrowser, whySkipped } from "./browser.js";
import { ChatPage, type HistoryEntry } from "./chat-page.js";

const LONG: HistoryEntry[] = Array.from({ length: 20 }, (_, index) => [
  { role: "user" as const, content: `Question ${index}: what do otters do all day, and where do they sleep at night?` },
  { role: "assistant" as const, content: `Answer ${index}: they swim, they eat, and they sleep on their backs.` },
]).flat();
const ALL = LONG.length + 1;

const found = browserProgram();
describe.skipIf("missing" in found)(`a full context${whySkipped(found)}`, () => {
  let server: TestServer;
  let browser: Browser;
  beforeAll(async () => {
    if ("missing" in found) return;
    [server, browser] = await Promise.all([serve("--context-length", "512"), startBrowser(found.program)]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  const settings = { temperature: 0, maxTokens: 20 };
  /** How many messages, system prompt aside, a request for an answer has. */
  const numSent = (body: Record<string, unknown>) =>
    (body["messages"] as { role: string }[]).filter(({ role }) => role !== "system").length;

  async function exported(chat: ChatPage): Promise<string> {
    const download = chat.page.waitForEvent("download");
    await chat.button("Export chat").click();
    const path = join(tmpdir(), `izwi-context-${process.pid}-${Math.random().toString(36).slice(2)}.json`);
    await (await download).saveAs(path);
    return path;
  }

  it("is said, and what was chosen then is done, shown, exported and undone", async () => {
    const chat = await ChatPage.open(browser, server.url, { reducedMotion: "reduce" });
    await chat.import(LONG, settings);
    await chat.input.fill("Hello!");
    await chat.input.press("Enter");
    await chat.page.getByText("The model can't keep all of this in mind.").waitFor();
    await chat.page.getByText(/There are 1,\d{3} tokens, and its context holds 512\./).waitFor();
    await chat.screenshot("context-full");
    expect(await violations(chat)).toEqual([]);
    const request = chat.nextRequest();
    await chat.button("Leave out the oldest").click();
    const sent = numSent(await request);
    expect(sent).toBeGreaterThan(1);
    expect(sent).toBeLessThan(ALL);
    expect(sent % 2).toBe(1);
    expect(await chat.answered()).not.toBe("");
    const edge = chat.page.getByText("The model isn't sent what is above.");
    await edge.scrollIntoViewIfNeeded();
    await chat.screenshot("context-edge");
    for (const colorScheme of ["light", "dark"] as const) {
      await chat.page.emulateMedia({ colorScheme });
      // Colours change over a moment.
      await chat.page.waitForTimeout(300);
      expect(await violations(chat)).toEqual([]);
    }

    const path = await exported(chat);
    const file = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
    expect(file["context"]).toEqual({ dropped: ALL - sent });
    expect(file["messages"]).toHaveLength(ALL + 1);
    await using session = await sdkChat.load(path, { model: "builtin" });
    expect(session.history).toHaveLength(ALL + 1);
    await chat.page.locator("input[type=file]").setInputFiles(path);
    await expect.poll(() => chat.conversations.count()).toBe(2);
    await edge.waitFor();

    await chat.button("Send all again").click();
    await edge.waitFor({ state: "detached" });
    // The refused request is in the browser's log by itself.
    chat.errors.splice(0);
    await chat.close();
  });

  it("is made room in by itself, where the conversation's settings say so", async () => {
    const chat = await ChatPage.open(browser, server.url);
    await chat.import(LONG, settings);
    await chat.button("Settings").click();
    await chat.button("Leave out the oldest").click();
    await chat.button("Close settings").click();
    const first = chat.nextRequest();
    expect(await chat.ask("Hello!")).not.toBe("");
    const sent = numSent(await first);
    expect(sent).toBeLessThan(ALL);
    // There is room for a while: nothing moves with the next question.
    const second = chat.nextRequest();
    await chat.ask("Bye!");
    expect(numSent(await second)).toBe(sent + 2);
    await chat.close();
  });

  it("is made room in with a summary, which the model gets and people can read", async () => {
    const chat = await ChatPage.open(browser, server.url);
    await chat.import(LONG, { ...settings, overflow: "summarize", maxSteps: 3 });
    await chat.ask("Hello!");
    await chat.page.getByText("The model is sent a summary of what is above.").waitFor();
    const request = chat.nextRequest();
    await chat.ask("Bye!");
    expect((await request)["messages"]).toMatchObject(
      [{ role: "system", content: expect.stringContaining("Earlier in this conversation:") }].concat(
        Array.from({ length: numSent(await request) }, () => expect.anything() as never),
      ),
    );
    const file = JSON.parse(readFileSync(await exported(chat), "utf8")) as Record<string, any>;
    expect(file["settings"]).toMatchObject({ overflow: "summarize", maxSteps: 3 });
    expect(file["context"].summary.length).toBeGreaterThan(0);
    chat.errors.splice(0);
    await chat.close();
  });

  it("by one message alone says that, and offers no cure that would be none", async () => {
    const chat = await ChatPage.open(browser, server.url);
    await chat.input.fill("word ".repeat(2000));
    await chat.input.press("Enter");
    await chat.page.getByText("This message is too long for the model.").waitFor();
    expect(await chat.button("Leave out the oldest").count()).toBe(0);
    await chat.button("New chat").last().click();
    expect(await chat.ask("Hello!")).not.toBe("");
    chat.errors.splice(0);
    await chat.close();
  });
});
