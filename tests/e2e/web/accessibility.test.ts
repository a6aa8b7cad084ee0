/** The page's states as axe sees them, in both colour schemes, wide and narrow; pictures of them for people to see. */
import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serve, type TestServer } from "../server/running-server.js";
import { violations } from "./axe.js";
import { browserProgram, startBrowser, whySkipped } from "./browser.js";
import { ChatPage } from "./chat-page.js";

const found = browserProgram();
const ANSWER =
  "## Tea\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```js\nconst a = 1; // one\n```\n\n[A link](https://example.com)";
const PHONE: BrowserContextOptions = { viewport: { width: 390, height: 800 }, isMobile: true, hasTouch: true };

const STATES: Record<string, (chat: ChatPage) => Promise<void>> = {
  empty: async () => {},
  conversation: async (chat) => {
    const drawer = chat.button("Open sidebar");
    if (await drawer.isVisible()) await drawer.click();
    await chat.import([
      { role: "user", content: "What about tea?" },
      { role: "assistant", content: ANSWER, reasoningContent: "Tea, then." },
    ]);
    if (await chat.page.locator(".shade").isVisible()) await chat.button("Close sidebar").click();
    await chat.page.locator(".thinking-toggle").click();
    await chat.page.locator(".hljs-keyword").first().waitFor();
  },
  settings: async (chat) => {
    await chat.button("Settings").click();
    await chat.button("Concise responder").click();
  },
  models: async (chat) => {
    if (!(await chat.page.getByRole("link", { name: "Models" }).isVisible())) await chat.button("Open sidebar").click();
    await chat.page.getByRole("link", { name: "Models" }).click();
    await chat.page.getByText("comes with Izwi").waitFor();
  },
  menu: (chat) => chat.button(/^Model: /).click(),
  commands: (chat) => chat.input.fill("/"),
};

describe.skipIf("missing" in found)(`accessibility${whySkipped(found)}`, () => {
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

  const looks: [string, BrowserContextOptions, string[]][] = [
    ["light", {}, Object.keys(STATES)],
    ["dark", { colorScheme: "dark" }, ["conversation", "settings", "menu"]],
    ["phone", PHONE, ["empty", "conversation"]],
  ];
  it.each(looks)("has nothing to object to: %s", async (look, options, states) => {
    for (const state of states) {
      const chat = await ChatPage.open(browser, server.url, { ...options, reducedMotion: "reduce" });
      await STATES[state]!(chat);
      await chat.screenshot(`${state}-${look}`);
      expect(await violations(chat), `${state}, ${look}`).toEqual([]);
      if (state === "conversation") await noSidewaysScroll(chat);
      await chat.close();
    }
  });

  it("can be used with the keyboard alone", async () => {
    const chat = await ChatPage.open(browser, server.url);
    await chat.page.keyboard.type("Hello!");
    await chat.page.keyboard.press("Enter");
    await chat.answered();
    await chat.page.keyboard.press("Control+.");
    await chat.page.getByRole("complementary", { name: "Settings" }).waitFor();
    await chat.page.keyboard.press("Escape");
    await chat.page.getByRole("complementary", { name: "Settings" }).waitFor({ state: "detached" });
    await chat.button("Theme").focus();
    await chat.page.keyboard.press("Enter");
    await chat.page.keyboard.press("End");
    await chat.page.keyboard.press("Enter");
    await chat.page.locator("html[data-theme=dark]").waitFor();
    expect(await chat.page.evaluate("document.activeElement.getAttribute('aria-label')")).toBe("Theme");
    await chat.page.keyboard.press("Control+k");
    await chat.page.keyboard.type("hello");
    expect(await chat.page.getByRole("searchbox").inputValue()).toBe("hello");
    await chat.page.keyboard.press("Control+Shift+O");
    await chat.page.getByRole("heading", { name: "What is on your mind?" }).waitFor();
    await chat.close();
  });
});

async function noSidewaysScroll(chat: ChatPage): Promise<void> {
  const wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
  expect(await chat.page.evaluate(wide)).toBe(0);
}
