/** Sessions that are saved with what the model has computed. */
import { chat, type ChatOptions } from "@izwi/sdk";
import { existsSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "izwi-cache-file-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A conversation, saved by a session that is closed then, so that the model is gone from memory. */
async function saved(name: string, cache: boolean, options: ChatOptions = {}): Promise<string> {
  const path = join(folder, name);
  await using session = chat({ model: "builtin", temperature: 0, system: "Be brief.", ...options });
  await session.send("My name is Alice");
  await session.send(`Remember this: ${"word ".repeat(60)}`);
  await session.save(path, { cache });
  return path;
}

/** How many tokens of the next prompt were computed before, and the answer. */
async function next(
  path: string,
  options: ChatOptions = {},
): Promise<{ cached: number; prompt: number; text: string }> {
  await using session = await chat.load(path, options);
  const text = await session.send("What's my name?");
  const { cachedTokens: cached, promptTokens: prompt } = session.lastReply!.usage;
  return { cached, prompt, text };
}

it("a session goes on without reading its history again, and says the same", async () => {
  const without = await next(await saved("plain.json", false));
  expect(without.cached).toBe(0);
  const path = await saved("kept.json", true);
  const restored = await next(path);
  expect(restored.text).toBe(without.text);
  expect(restored.prompt).toBe(without.prompt);
  // All but what doesn't fill a block, and the question.
  expect(restored.cached).toBeGreaterThan(restored.prompt - 32 - 40);

  await using running = chat({ model: "builtin", temperature: 0 });
  await running.send("Hello!");
  await running.load(path);
  await running.send("What's my name?");
  expect(running.lastReply!.usage.cachedTokens).toBeGreaterThanOrEqual(restored.cached);
});

it("a damaged file, or one of another model, is passed over", async () => {
  const path = await saved("damaged.json", true);
  truncateSync(`${path}.kv`, 5000);
  expect((await next(path)).text).not.toBe("");
  writeFileSync(`${path}.kv`, "nonsense");
  expect(await next(path)).toMatchObject({ cached: 0 });
  // Other tokens than those that were kept.
  const other = await saved("other.json", true);
  expect((await next(other, { system: "You are a pirate." })).cached).toBeLessThan(32);
});

it("a session without anything computed has no such file", async () => {
  const path = await saved("again.json", true);
  await using session = chat({ model: "builtin" });
  await session.save(path, { cache: true });
  expect(existsSync(`${path}.kv`)).toBe(false);
});
