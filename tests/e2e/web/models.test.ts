/** The Models page before the real server, which brings models from a hub on this machine. */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { builtinModelPath } from "@izwi/core";
import type { Browser, Locator } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { writeLargeModel } from "../large-model.js";
import { Hub } from "../pull/hub.js";
import { serveIn, type TestServer } from "../server/running-server.js";
import { violations } from "./axe.js";
import { browserProgram, startBrowser, whySkipped } from "./browser.js";
import { ChatPage } from "./chat-page.js";

const MODEL = readFileSync(builtinModelPath());
const NAME = "hf:org/tiny";
const LOOKS = [
  ["light", {}],
  ["dark", { colorScheme: "dark" }],
  ["phone", { viewport: { width: 390, height: 800 }, isMobile: true, hasTouch: true }],
] as const;

const found = browserProgram();
describe.skipIf("missing" in found)(`the Models page${whySkipped(found)}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    if (!("missing" in found)) browser = await startBrowser(found.program);
  });
  afterAll(() => browser?.close());

  async function start(...flags: string[]): Promise<{ hub: Hub; server: TestServer }> {
    const hub = await Hub.start();
    hub.publish("org/tiny", { "tiny-Q8_0.gguf": MODEL });
    const server = await serveIn((home) => hub.env(home), ...flags);
    onTestFinished(async () => void (await server.stop()));
    return { hub, server };
  }

  async function openModels(server: TestServer, options = {}): Promise<ChatPage> {
    const chat = await ChatPage.open(browser, server.url, { viewport: { width: 1500, height: 900 }, ...options });
    await showModels(chat);
    return chat;
  }

  async function showModels(chat: ChatPage): Promise<void> {
    const link = chat.page.getByRole("link", { name: "Models" });
    if (!(await link.isVisible())) await chat.button("Open sidebar").click();
    await link.click();
    await chat.page.getByRole("heading", { name: "Get more models" }).waitFor();
  }

  async function download(chat: ChatPage, name: string): Promise<void> {
    await chat.page.getByRole("textbox", { name: "Another one from Hugging Face" }).fill(name);
    await chat.button("Download").click();
  }

  const progressOf = (chat: ChatPage, name = NAME): Locator =>
    chat.page.getByRole("progressbar", { name: `Download of ${name}` });
  const item = (chat: ChatPage, name: string): Locator => chat.page.getByRole("listitem").filter({ hasText: name });
  const slowly = (hub: Hub): void => void (hub.storage.fault = () => ({ pauseMs: 4 }));
  const shown = async (bar: Locator): Promise<number> => Number(await bar.getAttribute("value"));

  it("brings a model with its progress, chats with it, and removes it when that is confirmed", async () => {
    const { hub, server } = await start();
    const chat = await openModels(server);
    slowly(hub);
    await download(chat, "org/tiny");
    await expect.poll(() => progressOf(chat).isVisible()).toBe(true);
    await chat.page.getByText(/^[\d.]+ kB of 2\.\d MB · [\d.]+ kB\/s · \d+ s left$/).waitFor();
    const before = await shown(progressOf(chat));
    await expect.poll(() => shown(progressOf(chat))).toBeGreaterThan(before);
    expect(await chat.page.getByRole("link", { name: /Models.*Downloading: \d+ %/ }).count()).toBe(1);
    hub.storage.fault = () => undefined;
    await chat.page.getByText(/ is installed\.$/).waitFor();
    const [folder] = readdirSync(server.modelsDir);
    const card = item(chat, folder!);
    await card.getByText("On disk").waitFor();
    await card.getByRole("button", { name: "Chat" }).click();
    expect(await chat.ask("Hello!")).not.toBe("");
    await showModels(chat);
    await card.getByText("Loaded", { exact: true }).waitFor({ timeout: 30_000 });

    await chat.button(`Remove ${folder}`).click();
    const dialog = chat.page.getByRole("dialog", { name: `Remove ${folder}?` });
    await dialog.getByRole("button", { name: "Keep" }).click();
    expect(readdirSync(server.modelsDir)).toEqual([folder]);
    await chat.button(`Remove ${folder}`).click();
    await dialog.getByText("Its file of 2.2 MB is deleted").waitFor();
    await chat.page.waitForTimeout(300);
    await chat.screenshot("models-remove");
    await dialog.getByRole("button", { name: "Remove" }).click();
    await chat.page.getByText(`${folder} was removed.`).waitFor();
    await card.waitFor({ state: "detached" });
    expect(readdirSync(server.modelsDir)).toEqual([]);
    await chat.button("New chat").click();
    expect(await chat.ask("Hello!")).not.toBe("");
    await chat.close();
  });

  it("goes on without the page, shows it to others, cancels, resumes and discards", async () => {
    const { hub, server } = await start();
    const first = await openModels(server);
    slowly(hub);
    await download(first, "org/tiny");
    await expect.poll(() => shown(progressOf(first))).toBeGreaterThan(0.02);
    await first.close();
    const chat = await openModels(server);
    await expect.poll(() => shown(progressOf(chat))).toBeGreaterThan(0.02);
    const other = await openModels(server);
    await progressOf(other).waitFor();
    await chat.button(`Cancel: ${NAME}`).click();
    await item(chat, NAME)
      .getByText(/^Stopped at [\d.]+ kB of 2\.\d MB$/)
      .waitFor();
    await progressOf(other).waitFor({ state: "detached" });
    await chat.button(`Resume: ${NAME}`).click();
    await progressOf(chat).waitFor();
    await chat.button(`Cancel: ${NAME}`).click();
    await chat.button(`Discard: ${NAME}`).click();
    await chat.button(`Discard: ${NAME}`).waitFor({ state: "detached" });
    expect(readdirSync(server.modelsDir)).toEqual([]);
    await other.close();
    await chat.close();
  });

  it("shows how much of a model is loaded", async () => {
    const { server } = await start("--threads", "1");
    mkdirSync(join(server.modelsDir, "large"), { recursive: true });
    // So large that the page asks for the state several times meanwhile.
    await writeLargeModel(join(server.modelsDir, "large", "large-Q8_0.gguf"), 2);
    const chat = await openModels(server);
    const card = item(chat, "large");
    await card.getByRole("button", { name: "Load" }).click();
    const percent = await card.getByText(/^Loading… [1-9]\d? %$/).innerText();
    await chat.screenshot("models-loading");
    expect(Number(/\d+/.exec(percent)![0])).toBeLessThan(100);
    await card.getByText("Loaded", { exact: true }).waitFor({ timeout: 30_000 });
    await chat.close();
  });

  it("says why a download fails, and tries again", async () => {
    const { hub, server } = await start();
    const chat = await openModels(server);
    await chat.button("Download: qwen3-0.6b-8bit").click();
    await item(chat, "qwen3-0.6b-8bit").getByRole("alert").waitFor();
    hub.storage.fault = () => ({ content: Buffer.concat([MODEL.subarray(0, -4), Buffer.from("evil")]) });
    await download(chat, NAME);
    const alert = item(chat, NAME).getByRole("alert");
    await alert.waitFor();
    expect(await alert.innerText()).toMatch(/hash|checksum|SHA-256/i);
    await chat.screenshot("models-failed");
    hub.storage.fault = () => undefined;
    await chat.button(`Try again: ${NAME}`).click();
    await chat.page.getByText(/ is installed\.$/).waitFor();
    expect(await alert.isVisible()).toBe(false);
    // Refused requests are in the browser's log by themselves.
    chat.errors.splice(0);
    await chat.close();
  });

  it("keeps what came when the server dies, and goes on from there", async () => {
    const { hub, server } = await start();
    slowly(hub);
    const chat = await openModels(server);
    await download(chat, NAME);
    await expect.poll(() => shown(progressOf(chat)), { timeout: 10_000 }).toBeGreaterThan(0.2);
    server.process.kill("SIGKILL");
    await item(chat, NAME).getByText("The connection to the server was lost.").waitFor();
    const again = await serveIn(
      () => ({ ...hub.env("/nowhere"), IZWI_MODELS_DIR: server.modelsDir }),
      "--port",
      new URL(server.url).port,
    );
    onTestFinished(async () => void (await again.stop()));
    await chat.page.getByText(/^Stopped at [\d.]+ kB of 2\.\d MB$/).waitFor();
    hub.storage.fault = () => undefined;
    await download(chat, NAME);
    await chat.page.getByText(/ is installed\.$/).waitFor();
    chat.errors.splice(0);
    await chat.close();
  });

  it("works on a server that wants a key", async () => {
    const { server } = await start("--api-key", "secret-key");
    const chat = await ChatPage.open(browser, server.url);
    await chat.page.getByRole("textbox", { name: "Key" }).fill("secret-key");
    await chat.button("Use this key").click();
    await showModels(chat);
    await download(chat, NAME);
    await chat.page.getByText(/ is installed\.$/).waitFor();
    expect(readdirSync(server.modelsDir)).toHaveLength(1);
    chat.errors.splice(0);
    await chat.close();
  });

  it.each(LOOKS)("gives axe nothing to object to while it downloads: %s", async (look, options) => {
    const { hub, server } = await start();
    hub.publish("org/other", { "other-Q8_0.gguf": Buffer.concat([MODEL, MODEL]) });
    const chat = await openModels(server, { ...options, reducedMotion: "reduce" });
    await download(chat, NAME);
    await chat.page.getByText(/ is installed\.$/).waitFor();
    await chat.button("Dismiss").click();
    await chat.button("Download: qwen3-4b-4bit").click();
    await item(chat, "qwen3-4b-4bit").getByRole("alert").waitFor();
    slowly(hub);
    await download(chat, "org/other");
    await expect.poll(() => shown(progressOf(chat, "hf:org/other"))).toBeGreaterThan(0.03);
    await progressOf(chat, "hf:org/other").scrollIntoViewIfNeeded();
    await chat.screenshot(`models-downloading-${look}`);
    expect(await violations(chat)).toEqual([]);
    await chat.button(/^Remove /).click();
    expect(await violations(chat)).toEqual([]);
    const wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
    expect(await chat.page.evaluate(wide)).toBe(0);
    chat.errors.splice(0);
    await chat.close();
  });
});
