import { existsSync, linkSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { installModel } from "../fakes/installed-model.js";
import { makeModelsDir } from "../fakes/models-dir.js";
import { removeModel } from "./remove.js";

describe("removeModel", () => {
  it("deletes the file, what was noted of it, and its folder when that is empty", async () => {
    const modelsDir = makeModelsDir("other/b.gguf");
    const path = await installModel(modelsDir, "mine/a.gguf");
    const { bytes } = { bytes: Buffer.byteLength("GGUF mine/a.gguf") };
    expect(await removeModel("mine", { modelsDir })).toEqual({ id: "mine", path, freedBytes: bytes });
    expect(readdirSync(modelsDir)).toEqual(["other"]);
  });

  it("knows a model by every name", async () => {
    for (const name of ["qwen3-0.6b", "Qwen3-0.6B-Q4_K_M.gguf", "hf:unsloth/Qwen3-0.6B-GGUF:Q4_K_M"]) {
      const modelsDir = makeModelsDir("somewhere/Qwen3-0.6B-Q4_K_M.gguf");
      expect((await removeModel(name, { modelsDir })).id).toBe("qwen3-chat-0.6b-4bit");
      expect(readdirSync(modelsDir)).toEqual([]);
    }
  });

  it("keeps a folder's other files, and a file that another program has, too", async () => {
    const modelsDir = makeModelsDir("two/a.gguf", "two/b.gguf", "loose.gguf");
    linkSync(join(modelsDir, "loose.gguf"), join(modelsDir, "theirs"));
    await removeModel("two/a", { modelsDir });
    expect(readdirSync(join(modelsDir, "two"))).toEqual(["b.gguf"]);
    expect((await removeModel("loose", { modelsDir })).freedBytes).toBe(0);
    expect(existsSync(join(modelsDir, "theirs"))).toBe(true);
  });

  it.each([
    ["qwen3-4b", "qwen3-4b-4bit/Qwen3-4B-Q4_K_M.gguf"],
    ["hf:org/model:Q8_0", "org--model/m-Q8_0.gguf"],
    ["org--model", "org--model/m-Q8_0.gguf"],
    ["https://example.com/x/m.gguf?key=1", "m.gguf"],
  ])("takes away what an interrupted pull of %s has left", async (name, file) => {
    const modelsDir = makeModelsDir(`${file}.part`);
    const notes = { version: 1, source: "x", bytes: 20, there: [[0, 10]] };
    writeFileSync(join(modelsDir, `${file}.part.json`), JSON.stringify(notes));
    expect((await removeModel(name, { modelsDir })).path).toBe(join(modelsDir, file));
    expect(readdirSync(modelsDir)).toEqual([]);
  });

  it.each([
    ["absent", "MODEL_NOT_FOUND"],
    ["min", "MODEL_NOT_FOUND"],
    ["../outside", "MODEL_NOT_FOUND"],
    ["builtin", "INVALID_REQUEST"],
    ["", "INVALID_REQUEST"],
    [7, "INVALID_REQUEST"],
  ])("refuses %j: %s", async (name, code) => {
    const modelsDir = join(makeModelsDir("models/mine.gguf", "outside.gguf"), "models");
    await expect(removeModel(name as string, { modelsDir })).rejects.toMatchObject({ code });
    expect(readdirSync(join(modelsDir, ".."))).toEqual(["models", "outside.gguf"]);
    expect(readdirSync(modelsDir)).toEqual(["mine.gguf"]);
  });

  it("suggests near matches", async () => {
    const modelsDir = makeModelsDir("poet.gguf");
    await expect(removeModel("poett", { modelsDir })).rejects.toThrow("Did you mean poet?");
  });
});
