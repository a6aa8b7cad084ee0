/** Chatting in the page, with the built-in model behind it. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serve, type TestServer } from "../server/running-server.js";
import { browserProgram, startBrowser, whySkipped } from "./browser.js";
import { ChatPage, endless } from "./chat-page.js";

const found = browserProgram();
describe.skipIf("missing" in found)(`the chat page${whySkipped(found)}`, () => {
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

  it("answers by Enter and by Send, keeps the context, and tells how fast it was", async () => {
    const chat = await ChatPage.open(browser, server.url);
    await chat.page.getByRole("link", { name: "Chat" }).click();
    const request = chat.nextRequest();
    await chat.ask("My name is Alice");
    expect(await request).toMatchObject({ stream: true, messages: [{ role: "user", content: "My name is Alice" }] });
    await chat.input.fill("What's my name?");
    await chat.button("Send").click();
    expect(await chat.answered()).toContain("Alice");
    expect(await chat.questions.count()).toBe(2);
    expect(await chat.answers.last().innerText()).toMatch(/\d tokens\/s · first after [\d.]+ m?s · \d+ tokens/);
    await chat.page.getByRole("meter", { name: /^Context: \d+ of 2,048 tokens$/ }).waitFor();
    expect(await chat.page.title()).toBe("My name is Alice · Izwi");
    await chat.close();
  });

  it("grows with Shift+Enter, and sends nothing that is empty", async () => {
    const chat = await ChatPage.open(browser, server.url);
    await chat.input.fill("Hello!");
    const before = (await chat.input.boundingBox())!.height;
    await chat.input.press("Shift+Enter");
    await chat.input.pressSequentially("Bye!");
    expect(await chat.input.inputValue()).toBe("Hello!\nBye!");
    expect((await chat.input.boundingBox())!.height).toBeGreaterThan(before);
    await chat.input.fill("  ");
    await chat.input.press("Enter");
    expect(await chat.button("Send").isDisabled()).toBe(true);
    expect(await chat.questions.count()).toBe(0);
    await chat.close();
  });

  it("copies an answer, makes another one, and goes back and forth between them", async () => {
    const chat = await ChatPage.open(browser, server.url, { permissions: ["clipboard-read", "clipboard-write"] });
    const answer = await chat.ask("Hello!");
    await chat.button("Copy answer").click();
    expect(await chat.page.evaluate("navigator.clipboard.readText()")).toBe(answer);
    await chat.button("Regenerate answer").click();
    await chat.page.getByLabel("Version 2 of 2").waitFor();
    await chat.answered();
    await chat.button("Previous version").click();
    await chat.page.getByLabel("Version 1 of 2").waitFor();
    expect(await chat.answered()).toBe(answer);
    await chat.close();
  });

  it("asks an edited question as a branch, and keeps the old one", async () => {
    const chat = await ChatPage.open(browser, server.url);
    await chat.ask("What is 2 plus 2?");
    await chat.questions.first().hover();
    await chat.button("Edit message").click();
    await chat.page.getByRole("textbox", { name: "Edit message" }).fill("What is 3 plus 4?");
    await chat.page.keyboard.press("Enter");
    await chat.page.getByLabel("Version 2 of 2").waitFor();
    expect(await chat.answered()).toContain("7");
    expect(await chat.questions.count()).toBe(1);
    await chat.questions.first().hover();
    await chat.button("Previous version").click();
    await expect.poll(() => chat.questions.first().innerText()).toContain("2 plus 2");
    expect(await chat.answered()).toContain("4");
    await chat.answers.last().getByRole("button", { name: "Branch off from here" }).click();
    await expect.poll(() => chat.conversations.count()).toBe(2);
    await chat.close();
  });

  it("stops an answer, frees the server, and goes on with it", async () => {
    const chat = await ChatPage.open(browser, server.url);
    await chat.import([], await endless(server.url));
    await chat.slowDown();
    await chat.input.fill("Hello!");
    await chat.input.press("Enter");
    await chat.writing();
    await chat.button("Stop").click();
    await chat.page.getByText("Stopped before its end.").waitFor();
    const before = await chat.answered();
    expect(await server.leftActive()).toBe(0);
    await chat.button("Continue").click();
    const growing = chat.page.locator(".growing .markdown");
    await expect.poll(async () => (await growing.innerText()).length).toBeGreaterThan(before.length);
    await chat.page.keyboard.press("Escape");
    const after = await chat.answered();
    expect(after.slice(0, 20)).toBe(before.slice(0, 20));
    expect(after.length).toBeGreaterThan(before.length);
    await chat.close();
  });

  it("shows thoughts in a panel of their own, and answers now when asked to", async () => {
    const chat = await ChatPage.open(browser, server.url);
    await chat.button("Think").click();
    await chat.ask("What is 3 plus 4?");
    const panel = chat.button(/^Thought/);
    expect(await chat.page.locator(".thinking-text").count()).toBe(0);
    await panel.click();
    expect((await chat.page.locator(".thinking-text").innerText()).length).toBeGreaterThan(3);

    await chat.import([], await endless(server.url, { think: true }));
    await chat.slowDown();
    await chat.input.fill("What is 3 plus 4?");
    await chat.input.press("Enter");
    const going = chat.page.waitForRequest((request) => request.url().endsWith("/v1/completions"));
    await chat.button("Answer now").click();
    expect((await going).postDataJSON()).toMatchObject({
      // What was thought so far stays, and is closed: the answer is all that can follow.
      prompt: expect.stringMatching(
        /What is 3 plus 4\?<\|im_end\|>\n<\|im_start\|>assistant\n<think>\n[\s\S]+\n<\/think>\n\n$/,
      ),
    });
    await chat.writing();
    await chat.page.locator(".growing .thinking-toggle", { hasText: "Thought" }).waitFor();
    await chat.button("Stop").click();
    await chat.page.getByText("Stopped before its end.").waitFor();
    await chat.close();
  });

  it("uses the system prompt's presets and the sampling settings", async () => {
    const chat = await ChatPage.open(browser, server.url);
    await chat.button("Settings").click();
    for (const name of ["Coding assistant", "Writing helper", "Concise responder"]) await chat.button(name).click();
    await chat.page.getByLabel("Temperature").fill("0");
    await chat.page.getByLabel("Longest answer").fill("5");
    await chat.page.getByLabel("Longest answer").press("Tab");
    const request = chat.nextRequest();
    await chat.ask("Count from 1 to 20");
    const body = await request;
    expect(body).toMatchObject({ temperature: 0, max_tokens: 5 });
    expect(body["messages"]).toMatchObject([
      {
        role: "system",
        content: "You are a helpful assistant. Keep responses brief and to the point.",
      },
      { role: "user" },
    ]);
    await chat.page.getByText("The longest answer was reached.").waitFor();
    await chat.close();
  });

  it("reads an answer aloud, and stops doing so, where the server has a voice", async () => {
    const chat = await ChatPage.open(browser, server.url);
    await chat.ask("Hello!");
    const response = await fetch(`${server.url}/v1/audio/voices`);
    const voices = response.ok ? ((await response.json()) as { voices: unknown[] }).voices : [];
    const read = chat.button("Read aloud");
    // This browser has none of its own.
    await expect.poll(() => read.count()).toBe(Math.min(1, voices.length));
    if (voices.length > 0) {
      const request = chat.page.waitForRequest((each) => each.url().endsWith("/v1/audio/speech"));
      await read.click();
      await request;
      await chat.button("Stop reading aloud").click();
      await read.waitFor();
    }
    await chat.close();
  });

  it("clears the chat, and brings it back", async () => {
    const chat = await ChatPage.open(browser, server.url);
    await chat.ask("Hello!");
    await chat.button("Clear chat").click();
    await chat.page.getByRole("heading", { name: "What is on your mind?" }).waitFor();
    expect(await chat.questions.count()).toBe(0);
    await chat.button("Undo").click();
    await expect.poll(() => chat.questions.count()).toBe(1);
    await chat.close();
  });

  it("takes commands that begin with a slash", async () => {
    const chat = await ChatPage.open(browser, server.url);
    await chat.ask("Hello!");
    await chat.page.getByRole("main").click({ position: { x: 5, y: 300 } });
    await chat.page.keyboard.press("/");
    await chat.page.keyboard.type("/cl");
    expect(await chat.page.getByRole("option").allInnerTexts()).toHaveLength(1);
    await chat.page.keyboard.press("Enter");
    await chat.page.getByRole("heading", { name: "What is on your mind?" }).waitFor();
    await chat.input.fill("/system Be kind.");
    await chat.input.press("Enter");
    const request = chat.nextRequest();
    await chat.ask("/nothing that is a command");
    expect((await request)["messages"]).toMatchObject([
      { role: "system", content: "Be kind." },
      { role: "user", content: "/nothing that is a command" },
    ]);
    await chat.close();
  });

  it("shows the models, loads one, and chats with the chosen one", async () => {
    const chat = await ChatPage.open(browser, server.url);
    await chat.page.getByRole("link", { name: "Models" }).click();
    const card = chat.page.getByRole("listitem").filter({ hasText: "izwi-tiny" });
    await expect.poll(() => card.innerText()).toMatch(/\d MB.*Loaded/s);
    await card.getByRole("button", { name: "Unload" }).click();
    await expect.poll(() => card.innerText()).toContain("On disk");
    await card.getByRole("button", { name: "Load", exact: true }).click();
    await expect.poll(() => card.innerText()).toMatch(/2,048 tokens of context.*Loaded/s);
    await card.getByRole("button", { name: "Chat" }).click();
    await chat.button("Model: izwi-tiny").click();
    await chat.page.getByRole("menuitemradio", { name: /izwi-tiny.*Loaded/ }).click();
    const request = chat.nextRequest();
    await chat.ask("Hello!");
    expect(await request).toMatchObject({ model: "izwi-tiny" });
    await chat.close();
  });
});
