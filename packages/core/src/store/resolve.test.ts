import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { makeModelsDir } from "../fakes/models-dir.js";
import { builtinModelPath } from "./paths.js";
import { resolveModel } from "./resolve.js";

const empty = makeModelsDir();

const failure = (name: string, modelsDir = empty) =>
  resolveModel(name, { modelsDir }).then(
    () => expect.fail(`${name} was found`),
    (error: Error & { code: string }) => error,
  );

describe("resolveModel", () => {
  it.each(["builtin", "izwi-tiny", " Builtin "])("knows the built-in model as %j", async (name) => {
    const expected = { path: builtinModelPath(), id: "izwi-tiny", builtin: true };
    expect(await resolveModel(name, { modelsDir: empty })).toEqual(expected);
  });

  it("takes a path to a file, absolute or relative, of any extension", async () => {
    const dir = makeModelsDir("my model.gguf", "blob");
    const path = join(dir, "my model.gguf");
    expect(await resolveModel(path)).toEqual({ path, id: "my model", builtin: false });
    expect((await resolveModel(relative(process.cwd(), path))).path).toBe(path);
    expect((await resolveModel(join(dir, "blob"))).id).toBe("blob");
    expect((await resolveModel(builtinModelPath()).catch(() => ({ builtin: true }))).builtin).toBe(true);
  });

  it("takes a folder with one GGUF file, but doesn't choose among several", async () => {
    const dir = makeModelsDir("one/a.gguf", "one/readme.md", "two/a.gguf", "two/b.gguf");
    expect((await resolveModel(join(dir, "one"))).path).toBe(join(dir, "one", "a.gguf"));
    expect((await failure(join(dir, "two"))).code).toBe("MODEL_NOT_FOUND");
  });

  it("finds a catalogue model by every name, wherever its file lies", async () => {
    for (const file of ["Qwen3-0.6B-Q4_K_M.gguf", "my-folder/Qwen3-0.6B-Q4_K_M.gguf"]) {
      const modelsDir = makeModelsDir(file, "other/Qwen3-0.6B-Q8_0.gguf");
      for (const name of ["qwen3-chat-0.6b-4bit", "qwen3-0.6b", "QWEN3 0.6B"]) {
        const expected = { path: join(modelsDir, file), id: "qwen3-chat-0.6b-4bit", builtin: false };
        expect(await resolveModel(name, { modelsDir })).toEqual(expected);
      }
    }
  });

  it("finds other models by their folder or file", async () => {
    const modelsDir = makeModelsDir("Fine-Tune/weights.gguf", "several/a.gguf", "several/b.gguf", "loose.gguf");
    const pathOf = async (name: string) => relative(modelsDir, (await resolveModel(name, { modelsDir })).path);
    expect(await pathOf("fine-tune")).toBe(join("Fine-Tune", "weights.gguf"));
    expect(await pathOf("several/b")).toBe(join("several", "b.gguf"));
    expect(await pathOf("loose")).toBe("loose.gguf");
    expect(await pathOf("loose.gguf")).toBe("loose.gguf");
  });

  it("says how to get a model that could be pulled", async () => {
    const { code, message } = await failure("qwen3-0.6b");
    expect(code).toBe("MODEL_NOT_FOUND");
    expect(message).toContain("(397 MB) with: izwi pull qwen3-chat-0.6b-4bit");
    expect((await failure("hf:org/model:Q8_0")).message).toBe(
      "hf:org/model:Q8_0 isn't installed. Get it with: izwi pull hf:org/model:Q8_0",
    );
  });

  it("suggests near matches for a name that nothing has", async () => {
    const modelsDir = makeModelsDir("poet/weights.gguf");
    expect((await failure("poett", modelsDir)).message).toContain("Did you mean poet?");
    expect((await failure("qwen3-0.5b", modelsDir)).message).toContain("qwen3-0.6b");
    expect((await failure("gpt-4", modelsDir)).message).not.toContain("Did you mean");
  });

  it("names the absolute path of a file that isn't there", async () => {
    expect((await failure("./absent.gguf")).message).toContain(join(process.cwd(), "absent.gguf"));
  });

  it("looks at no path where only names may be given, and says nothing about files there", async () => {
    const modelsDir = makeModelsDir("poet/weights.gguf", "several/a.gguf", "several/b.gguf");
    const outside = join(makeModelsDir("secret.gguf"), "secret.gguf");
    const byName = { modelsDir, paths: false };
    await expect(resolveModel(outside, byName)).rejects.toMatchObject({
      code: "MODEL_NOT_FOUND",
      message: expect.stringMatching(/^No model is called /),
    });
    expect((await resolveModel("several/b", byName)).path).toBe(join(modelsDir, "several", "b.gguf"));
    expect((await resolveModel("builtin", byName)).builtin).toBe(true);
  });

  it.each(["", "  ", undefined, 7])("refuses %j", async (name) => {
    await expect(resolveModel(name as string)).rejects.toMatchObject({ code: "INVALID_REQUEST" });
  });
});
