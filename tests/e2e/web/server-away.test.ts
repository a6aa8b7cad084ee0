/** A server that dies in mid-answer, and comes back. */
import { once } from "node:events";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serve } from "../server/running-server.js";
import { browserProgram, startBrowser, whySkipped } from "./browser.js";
import { ChatPage, endless } from "./chat-page.js";

const found = browserProgram();
describe.skipIf("missing" in found)(`a server that is away${whySkipped(found)}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    if (!("missing" in found)) browser = await startBrowser(found.program);
  });
  afterAll(() => browser?.close());

  it("is said so; the answer's part and the draft are kept, and all goes on when it is back", async () => {
    const server = await serve();
    const chat = await ChatPage.open(browser, server.url);
    await chat.import([], await endless(server.url));
    await chat.slowDown();
    await chat.input.fill("Hello!");
    await chat.input.press("Enter");
    await chat.writing();
    await chat.input.fill("A draft that matters");
    server.process.kill("SIGKILL");
    await once(server.process, "exit");
    await chat.page.getByText("Izwi's server can't be reached.").waitFor();
    await chat.page.getByText("The connection to the server was lost.").first().waitFor();
    expect((await chat.answers.last().locator(".markdown").innerText()).length).toBeGreaterThan(0);
    expect(await chat.button("Send").isDisabled()).toBe(true);
    expect(await chat.input.inputValue()).toBe("A draft that matters");
    await chat.screenshot("server-away");

    const port = new URL(server.url).port;
    const again = await serve("--port", port);
    await chat.page.getByText("Izwi's server can't be reached.").waitFor({ state: "detached" });
    expect(await chat.input.inputValue()).toBe("A draft that matters");
    await chat.button("New chat").click();
    await chat.ask("Hello!");
    // Requests that failed are in the browser's log by themselves.
    chat.errors.splice(0);
    await chat.close();
    await again.stop();
    await server.stop();
  });

  it("that wants a key gets one", async () => {
    const server = await serve("--api-key", "secret-key");
    const chat = await ChatPage.open(browser, server.url);
    const key = chat.page.getByRole("textbox", { name: "Key" });
    await key.fill("wrong-key");
    await chat.button("Use this key").click();
    await chat.page.getByText("doesn't take the key").waitFor();
    await key.fill("secret-key");
    await chat.button("Use this key").click();
    await chat.page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await chat.ask("Hello!")).not.toBe("");
    chat.errors.splice(0);
    await chat.close();
    await server.stop();
  });
});
