import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeModelsDir } from "../fakes/models-dir.js";
import { listModels } from "./list.js";

const idsIn = async (modelsDir: string) => (await listModels({ modelsDir })).map((model) => model.id);

describe("listModels", () => {
  it("finds files and folders, and calls each what a person would", async () => {
    const modelsDir = makeModelsDir(
      "loose.gguf",
      "single/weights.GGUF",
      "several/a.gguf",
      "several/b.gguf",
      "anything/Qwen3-0.6B-Q4_K_M.gguf",
      "notes.txt",
      "partial/model.gguf.incomplete",
    );
    expect(await idsIn(modelsDir)).toEqual(["loose", "qwen3-chat-0.6b-4bit", "several/a", "several/b", "single"]);
  });

  it("has path, size and the catalogue's entry", async () => {
    const modelsDir = makeModelsDir("q/Qwen3-4B-Q4_K_M.gguf");
    const [model] = await listModels({ modelsDir });
    expect(model).toMatchObject({ path: join(modelsDir, "q", "Qwen3-4B-Q4_K_M.gguf"), bytes: 22 });
    expect(model?.entry?.repository).toBe("Qwen/Qwen3-4B-GGUF");
  });

  it("is empty where there is no directory, and passes over folders that are named like files", async () => {
    expect(await idsIn(join(makeModelsDir(), "absent"))).toEqual([]);
    const modelsDir = makeModelsDir();
    mkdirSync(join(modelsDir, "folder.gguf"));
    expect(await idsIn(modelsDir)).toEqual([]);
  });
});
