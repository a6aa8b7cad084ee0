import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtinModelPath, loadModel, type ChatRequest, type Model } from "@izwi/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { endless, loadBuiltin, read, untilIdle } from "./built-in.js";

const folder = mkdtempSync(join(tmpdir(), "izwi-files-"));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe("loadModel", () => {
  it("says MODEL_NOT_FOUND for a file that isn't there", async () => {
    const path = join(folder, "absent.gguf");
    const error = await loadModel(path).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: "IzwiError", code: "MODEL_NOT_FOUND", message: expect.stringContaining(path) });
  });

  const builtin = () => readFileSync(builtinModelPath());
  it.each<[string, () => string | Uint8Array]>([
    ["text.gguf", () => "This is a text file, and a rather long one, because a header would fit in it.\n".repeat(20)],
    ["empty.gguf", () => ""],
    ["magic.gguf", () => "GGUF"],
    ["header.gguf", () => builtin().subarray(0, 24)],
    ["metadata.gguf", () => builtin().subarray(0, 2000)],
    ["half.gguf", () => builtin().subarray(0, builtin().length >> 1)],
    ["last-byte.gguf", () => builtin().subarray(0, -1)],
  ])("says INVALID_MODEL_FILE for %s", async (name, content) => {
    await expect(loadModel(file(name, content()))).rejects.toMatchObject({
      name: "IzwiError",
      code: "INVALID_MODEL_FILE",
    });
  });

  it("says DEVICE_UNAVAILABLE for a backend that isn't in this build", async () => {
    const backend = process.platform === "darwin" ? "cuda" : "metal";
    await expect(loadBuiltin({ backend })).rejects.toMatchObject({ code: "DEVICE_UNAVAILABLE" });
  });

  it("gives up when aborted", async () => {
    const controller = new AbortController();
    const loading = loadBuiltin({ signal: controller.signal });
    controller.abort();
    await expect(loading).rejects.toMatchObject({ code: "ABORTED" });
  });
});

describe("a loaded model", () => {
  let model: Model;
  beforeAll(async () => {
    model = await loadBuiltin({ contextLength: 128 });
  });
  afterAll(() => model.close());

  it("names both numbers when the prompt doesn't fit, and goes on", async () => {
    const content = "word ".repeat(400);
    const error = await read(model.chat({ messages: [{ role: "user", content }] })).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "CONTEXT_OVERFLOW" });
    const numbers = [...(error as Error).message.matchAll(/\d+/g)].map(([digits]) => Number(digits));
    expect(numbers).toContain(128);
    expect(Math.max(...numbers)).toBeGreaterThan(400);
    expect((await read(model.chat(endless(model, "Hi", 3)))).end.usage.completionTokens).toBe(3);
  });

  it.each<[string, object]>([
    ["messages[0].role", { messages: [{ role: "robot", content: "Hi" }] }],
    ["temperature", { messages: [{ role: "user", content: "Hi" }], temperature: Number.NaN }],
  ])("says INVALID_REQUEST for a wrong %s", async (field, request) => {
    const error = await read(model.chat(request as ChatRequest)).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "INVALID_REQUEST", message: expect.stringContaining(field) });
  });

  it("refuses token ids outside the vocabulary", async () => {
    await expect(model.score([0, model.info.vocabSize])).rejects.toMatchObject({ code: "INVALID_REQUEST" });
    expect(() => model.detokenize([model.info.vocabSize])).toThrow("tokenIds[0]");
  });

  it("ends an answer when the context is full", async () => {
    const { end } = await read(model.chat(endless(model, "Hi", 10_000)));
    expect(end.finishReason).toBe("length");
    expect(end.usage.promptTokens + end.usage.completionTokens).toBeLessThanOrEqual(129);
  });
});

describe("close", () => {
  it("ends running answers, once, and everything after is refused", async () => {
    const model = await loadBuiltin();
    const chat = model.chat(endless(model, "Hello!", model.info.contextLength >> 1));
    await chat.next();
    const reading = read(chat);
    await Promise.all([model.close(), model.close(), expect(reading).rejects.toMatchObject({ code: "CLOSED" })]);
    expect(model.closed).toBe(true);
    expect(() => model.tokenize("a")).toThrow("closed");
    await expect(model.score([1, 2])).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("comes by itself at the end of an await using block", async () => {
    let kept: Model;
    {
      await using model = await loadBuiltin();
      kept = model;
      await read(model.chat(endless(model, "Hi", 2)));
      await untilIdle(model);
    }
    expect(kept.closed).toBe(true);
  });
});
