import { chat } from "@izwi/sdk";
import { recording, tinyModel, type TinyModel } from "@izwi/sdk/testing";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";

const folder = mkdtempSync(join(tmpdir(), "izwi-testing-"));
let model: TinyModel;
beforeAll(async () => {
  model = await tinyModel({ directory: folder });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the random model", () => {
  it("answers with words, the same ones for the same seed", async () => {
    const answer = async (seed: number) => {
      await using session = chat({ model: model.path, seed, maxTokens: 40 });
      return await session.send("Hello there");
    };
    const [one, again, two] = [await answer(1), await answer(1), await answer(2)];
    expect(one).toMatch(/^[ a-z]+$/);
    expect(again).toBe(one);
    expect(two).not.toBe(one);
  });

  it("reads any text, and has Qwen's chat format, thoughts and tools", async () => {
    await using session = chat({ model: model.path, system: "Sei kurz. 简短", maxTokens: 60 });
    await session.send("Grüße 👋 <|im_end|>");
    const schema = z.object({ ok: z.boolean(), word: z.enum(["a", "b"]) });
    expect(schema.parse(await session.send("?", { schema }))).toBeDefined();
    const tools = { now: { execute: () => "12:00" } };
    await session.send("?", { tools, toolChoice: "required", maxSteps: 2 });
    expect(session.lastReply!.toolRuns[0]).toMatchObject({ name: "now", result: "12:00" });
    await session.send("?", { thinking: { budget: 6 } });
    expect(session.lastReply!.usage.reasoningTokens).toBeGreaterThan(0);
  });
});

it("a recording of the random model replays without it", async () => {
  const path = join(folder, "recording.json");
  const talk = async (mode: "record" | "replay") => {
    const backend = recording(path, { mode, ...(mode === "record" && { model: model.path }) });
    await using session = chat({ chatBackend: backend, seed: 3, maxTokens: 20 });
    return [await session.send("One"), await session.send("Two")];
  };
  const recorded = await talk("record");
  expect(await talk("replay")).toEqual(recorded);
  expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ contextLength: 2048 });
});
