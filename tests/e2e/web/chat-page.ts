/** The chat page as a person uses it: by what is written on it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from "playwright-core";

const SCREENSHOTS = fileURLToPath(new URL("../../../node_modules/.cache/izwi-web/", import.meta.url));

export interface HistoryEntry {
  role: "user" | "assistant";
  content: string;
  reasoningContent?: string;
}

export class ChatPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What went wrong in the page without being shown. */
  readonly errors: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    this.context = page.context();
    page.on("pageerror", (error) => this.errors.push(String(error)));
    page.on("console", (message) => {
      // A server without voices may say so by having no such address, which the browser notes.
      const asksForVoices = message.location().url.endsWith("/v1/audio/voices");
      if (message.type() === "error" && !asksForVoices) this.errors.push(message.text());
    });
  }

  /** Opens the page in a browser profile of its own. */
  static async open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<ChatPage> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    context.setDefaultTimeout(10_000);
    return ChatPage.openIn(context, url);
  }

  /** A further window of the same profile. */
  static async openIn(context: BrowserContext, url: string): Promise<ChatPage> {
    const chat = new ChatPage(await context.newPage());
    await chat.page.goto(`${url}/chat`);
    await chat.input.waitFor();
    return chat;
  }

  get input(): Locator {
    return this.page.getByRole("textbox", { name: "Message", exact: true });
  }

  get answers(): Locator {
    return this.page.getByRole("article", { name: "Izwi" });
  }

  get questions(): Locator {
    return this.page.getByRole("article", { name: "You" });
  }

  get conversations(): Locator {
    return this.page.locator(".conversation a");
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole("button", { name, exact: typeof name === "string" });
  }

  /** Asks by the Enter key and waits for the whole answer. */
  async ask(text: string): Promise<string> {
    await this.input.fill(text);
    await this.input.press("Enter");
    return this.answered();
  }

  /** Waits until no answer is being written; gives the last one's text. */
  async answered(): Promise<string> {
    await this.button("Send").waitFor();
    await this.page.locator(".growing").waitFor({ state: "detached" });
    return this.answers.last().locator(".markdown").last().innerText();
  }

  /** Waits until the growing answer has text. */
  async writing(): Promise<void> {
    await this.page.locator(".growing .markdown").first().waitFor();
  }

  /** Brings a conversation in as a session's file. */
  async import(messages: readonly HistoryEntry[], settings: object = {}): Promise<void> {
    const file = { format: "izwi-session", version: 1, model: null, system: null, settings, messages };
    const path = join(tmpdir(), `izwi-import-${process.pid}-${Math.random().toString(36).slice(2)}.json`);
    writeFileSync(path, JSON.stringify(file));
    await this.page.locator("input[type=file]").setInputFiles(path);
    if (messages.length > 0) await this.answers.last().waitFor();
  }

  /** The body of the next request to the chat endpoint. */
  async nextRequest(): Promise<Record<string, unknown>> {
    const request = await this.page.waitForRequest((each) => each.url().endsWith("/v1/chat/completions"));
    return request.postDataJSON() as Record<string, unknown>;
  }

  /** Lets answers come at the speed of a larger model, so that something can be done before their end. */
  async slowDown(): Promise<void> {
    const session = await this.context.newCDPSession(this.page);
    const conditions = { offline: false, latency: 0, uploadThroughput: -1, downloadThroughput: 30_000 };
    await session.send("Network.emulateNetworkConditions", conditions);
  }

  /** Kept for people to look at; the folder is ignored by git. */
  async screenshot(name: string): Promise<void> {
    mkdirSync(SCREENSHOTS, { recursive: true });
    await this.page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), animations: "disabled" });
  }

  async close(): Promise<void> {
    await this.context.close();
    if (this.errors.length > 0) throw new Error(`The page's log has errors:\n${this.errors.join("\n")}`);
  }
}

/** Settings with which an answer, or with `think` its thinking, hardly ever ends by itself, so that it can be stopped. */
export async function endless(url: string, { think = false } = {}): Promise<object> {
  const banned = ["<|im_end|>", "<|endoftext|>", ...(think ? ["</think>"] : [])];
  const logitBias: Record<string, number> = {};
  for (const content of banned) {
    const response = await fetch(`${url}/tokenize`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ content }),
    });
    for (const id of ((await response.json()) as { tokens: number[] }).tokens) logitBias[id] = -100;
  }
  return { temperature: 0, logitBias, ...(think && { thinking: true }) };
}
