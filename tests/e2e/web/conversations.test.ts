/** Conversations that the browser keeps: found, renamed, deleted, taken out and brought in. */
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { chat as sdkChat } from "@izwi/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serve, type TestServer } from "../server/running-server.js";
import { browserProgram, startBrowser, whySkipped } from "./browser.js";
import { ChatPage } from "./chat-page.js";

const found = browserProgram();
describe.skipIf("missing" in found)(`kept conversations${whySkipped(found)}`, () => {
  let server: TestServer;
  let browser: Browser;
  beforeAll(async () => {
    if ("missing" in found) return;
    [server, browser] = await Promise.all([serve(), startBrowser(found.program)]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  it("are there after a reload, by their own address, with the draft that wasn't sent", async () => {
    const chat = await ChatPage.open(browser, server.url);
    const answer = await chat.ask("Hello!");
    await chat.input.fill("Not sent yet");
    await chat.page.reload();
    expect(await chat.answered()).toBe(answer);
    expect(await chat.input.inputValue()).toBe("Not sent yet");
    expect(chat.page.url()).toMatch(/\/chat\/c\/[0-9a-f]+$/);
    await chat.page.goBack();
    await chat.page.getByRole("heading", { name: "What is on your mind?" }).waitFor();
    await chat.page.goForward();
    await expect.poll(() => chat.answered()).toBe(answer);
    await chat.close();
  });

  it("are searched, renamed, and deleted with a way back", async () => {
    const chat = await ChatPage.open(browser, server.url);
    await chat.import([
      { role: "user", content: "About otters" },
      { role: "assistant", content: "They hold hands when they sleep." },
    ]);
    await chat.import([
      { role: "user", content: "About bees" },
      { role: "assistant", content: "They dance." },
    ]);
    expect(await chat.conversations.allInnerTexts()).toEqual(["About bees", "About otters"]);
    const search = chat.page.getByRole("searchbox", { name: "Search conversations" });
    await search.fill("HOLD hands");
    await expect.poll(() => chat.conversations.allInnerTexts()).toEqual(["About otters"]);
    await search.fill("");

    const otters = chat.page.getByRole("listitem").filter({ hasText: "About otters" });
    await otters.hover();
    await chat.button("Options for About otters").click();
    await chat.page.getByRole("menuitem", { name: "Rename" }).click();
    await chat.page.getByRole("textbox", { name: "Conversation title" }).fill("Sleepy animals");
    await chat.page.keyboard.press("Enter");
    await expect.poll(() => chat.conversations.allInnerTexts()).toContain("Sleepy animals");

    await chat.page.getByRole("link", { name: "About bees" }).hover();
    await chat.button("Options for About bees").click();
    await chat.page.getByRole("menuitem", { name: "Delete" }).click();
    await expect.poll(() => chat.conversations.allInnerTexts()).toEqual(["Sleepy animals"]);
    await chat.button("Undo").click();
    await expect.poll(() => chat.conversations.count()).toBe(2);
    await expect.poll(() => chat.answers.last().innerText()).toContain("They dance.");
    await chat.close();
  });

  it("go to the SDK's sessions and come from them", async () => {
    const chat = await ChatPage.open(browser, server.url);
    await chat.ask("My name is Alice");
    const download = chat.page.waitForEvent("download");
    await chat.button("Export chat").click();
    expect((await download).suggestedFilename()).toBe("my-name-is-alice.json");
    const path = join(tmpdir(), `izwi-export-${process.pid}.json`);
    await (await download).saveAs(path);
    await using session = await sdkChat.load(path, { model: "builtin", temperature: 0 });
    expect(session.history).toHaveLength(2);
    expect(await session.send("What's my name?")).toContain("Alice");
    await session.save(path);

    await chat.page.locator("input[type=file]").setInputFiles(path);
    await expect.poll(() => chat.questions.count()).toBe(2);
    expect(await chat.answers.last().innerText()).toContain("Alice");
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ format: "izwi-session" });

    await chat.page.locator("input[type=file]").setInputFiles({
      name: "notes.json",
      mimeType: "application/json",
      buffer: Buffer.from(`{"some":"notes"}`),
    });
    await chat.page.getByText("notes.json: The file isn't an Izwi session.").waitFor();
    await chat.close();
  });

  it("are the same in two windows", async () => {
    const first = await ChatPage.open(browser, server.url);
    const second = await ChatPage.openIn(first.context, server.url);
    await first.ask("Hello!");
    await expect.poll(() => second.conversations.allInnerTexts()).toEqual(["Hello!"]);
    await second.conversations.first().click();
    await second.ask("What is 3 plus 4?");
    await expect.poll(() => first.questions.count()).toBe(2);
    await first.close();
  });
});
