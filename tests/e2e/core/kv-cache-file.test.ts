import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ChatMessage, ChatRequest } from "@izwi/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadBuiltin, read } from "./built-in.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "izwi-kv-"));
});
afterAll(() => rm(folder, { recursive: true }));

const story: ChatMessage[] = [
  { role: "system", content: "You are a friendly assistant. ".repeat(8) },
  { role: "user", content: "My name is Alice and I live by the sea. ".repeat(6) },
];
const request: ChatRequest = { messages: story, temperature: 0, maxTokens: 12 };

describe("a saved KV cache", () => {
  it("lets another model go on with a conversation, and the answer is the same", async () => {
    const path = join(folder, "chat.kv");
    await using first = await loadBuiltin();
    expect(await first.saveCache(path, request)).toBe(0);
    const { text, end } = await read(first.chat(request));
    const saved = await first.saveCache(path, request);
    expect(end.usage.promptTokens - saved).toBeLessThan(first.info.blockSize);
    expect(await readdir(folder)).toEqual(["chat.kv"]);

    await using second = await loadBuiltin();
    expect(await second.loadCache(path)).toBe(saved);
    const restored = await read(second.chat(request));
    expect(restored.end.usage.cachedTokens).toBe(saved);
    expect(restored.text).toBe(text);

    const ids = second.tokenize(second.applyTemplate(request), { parseSpecial: true });
    expect(await second.saveCache(join(folder, "ids.kv"), ids)).toBe(saved);
    expect(await readFile(join(folder, "ids.kv"))).toEqual(await readFile(path));
  });

  it("that is damaged or missing is an INVALID_SESSION_FILE, and the model goes on", async () => {
    const path = join(folder, "damaged.kv");
    await using model = await loadBuiltin();
    await read(model.chat(request));
    await model.saveCache(path, request);
    const good = await readFile(path);
    await truncate(path, good.length - 1);
    await expect(model.loadCache(path)).rejects.toMatchObject({ code: "INVALID_SESSION_FILE" });
    const bad = Buffer.from(good);
    bad[good.length >> 1]! ^= 1;
    await writeFile(path, bad);
    await expect(model.loadCache(path)).rejects.toMatchObject({ code: "INVALID_SESSION_FILE" });
    await expect(model.loadCache(join(folder, "missing.kv"))).rejects.toMatchObject({ code: "INVALID_SESSION_FILE" });
    await expect(model.saveCache(join(folder, "no", "folder.kv"), request)).rejects.toMatchObject({
      code: "INVALID_SESSION_FILE",
    });
    expect((await read(model.chat(request))).end.usage.completionTokens).toBeGreaterThan(0);
  });

  it("is written and read beside a running answer", async () => {
    const path = join(folder, "beside.kv");
    await using model = await loadBuiltin();
    await read(model.chat(request));
    const running = read(model.chat({ messages: [{ role: "user", content: "Count to ten!" }], maxTokens: 60 }));
    const saved = await model.saveCache(path, request);
    expect(await model.loadCache(path)).toBe(saved);
    await running;
  });
});
