import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { chat } from "../chat.js";
import { recording } from "./recording.js";
import { scripted } from "./scripted.js";

const folder = mkdtempSync(join(tmpdir(), "izwi-recording-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const file = () => join(folder, `recording-${(count += 1)}.json`);

async function talk(chatBackend: ReturnType<typeof recording>, ...messages: string[]): Promise<string[]> {
  await using session = chat({ chatBackend, temperature: 0 });
  const answers: string[] = [];
  for (const message of messages) answers.push(await session.send(message));
  return answers;
}

describe("recording", () => {
  it("records what the model says, and replays it without a model", async () => {
    const path = file();
    const model = scripted([{ reasoning: "Hm.", text: "Hello Alice." }, "You are Alice."]);
    expect(await talk(recording(path, { mode: "auto", chatBackend: model.open }), "I'm Alice", "Who am I?")).toEqual([
      "Hello Alice.",
      "You are Alice.",
    ]);
    expect(model.users).toBe(0);
    const replay = recording(path, { mode: "replay" });
    expect(await talk(replay, "I'm Alice", "Who am I?")).toEqual(["Hello Alice.", "You are Alice."]);
    expect(await talk(replay, "I'm Alice")).toEqual(["Hello Alice."]);
    const recorded = JSON.parse(readFileSync(path, "utf8")) as { model: string; answers: unknown[] };
    expect(recorded).toMatchObject({ format: "izwi-recording", model: "scripted", contextLength: 4096 });
    expect(recorded.answers).toHaveLength(2);
  });

  it("auto asks the model only for what is new", async () => {
    const path = file();
    await talk(recording(path, { mode: "auto", chatBackend: scripted(["one"]).open }), "1");
    const model = scripted(["two"]);
    expect(await talk(recording(path, { mode: "auto", chatBackend: model.open }), "1", "2")).toEqual(["one", "two"]);
    expect(model.requests).toHaveLength(1);
  });

  it("record begins anew", async () => {
    const path = file();
    await talk(recording(path, { mode: "auto", chatBackend: scripted(["old"]).open }), "1");
    expect(await talk(recording(path, { mode: "record", chatBackend: scripted(["new"]).open }), "1")).toEqual(["new"]);
    expect(await talk(recording(path, { mode: "replay" }), "1")).toEqual(["new"]);
  });

  it("replay says what is missing", async () => {
    const path = file();
    await expect(talk(recording(path, { mode: "replay" }), "1")).rejects.toThrow(/can't be read/);
    await talk(recording(path, { mode: "auto", chatBackend: scripted(["one"]).open }), "1");
    await expect(talk(recording(path, { mode: "replay" }), "other")).rejects.toThrow(
      /no answer to this request.*other/,
    );
    writeFileSync(path, `{"format":"x"}`);
    await expect(talk(recording(path, { mode: "replay" }), "1")).rejects.toThrow(/isn't a recording/);
  });

  it("a failed answer isn't recorded", async () => {
    const path = file();
    const model = scripted([{ text: "half", error: new Error("broken") }, "whole"]);
    const backend = recording(path, { mode: "auto", chatBackend: model.open });
    await expect(talk(backend, "1")).rejects.toThrow("broken");
    expect(await talk(backend, "1")).toEqual(["whole"]);
  });
});
