import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CATALOG } from "../catalog/catalog.js";
import { installModel } from "../fakes/installed-model.js";
import { makeModelsDir } from "../fakes/models-dir.js";
import { readRecord } from "./install-record.js";
import { listModels, type InstalledModel } from "./list.js";
import { namesInstalled } from "./names-installed.js";
import { listPartials } from "./partials.js";
import { verifyModel } from "./verify.js";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";

const revision = "c".repeat(40);
const pulled: InstalledModel = {
  id: "org--model",
  path: "/models/org--model/sub--m-Q8_0.gguf",
  bytes: 7,
  source: {
    key: "hf:org/model:Q8_0",
    source: "https://hub/x",
    repository: "org/model",
    revision,
    file: "sub/m-Q8_0.gguf",
    bytes: 7,
    sha256: "d".repeat(64),
  },
};

describe("the names of an installed model", () => {
  it.each([
    "org--model",
    "hf:org/model:Q8_0",
    "hf:ORG/Model:q8_0",
    "hf:org/model",
    "hf:org/model/sub/m-Q8_0.gguf",
    `hf:org/model@${revision}:Q8_0`,
    "https://huggingface.co/org/model",
    "sub--m-Q8_0.gguf",
  ])("%s is one", (name) => expect(namesInstalled(name, pulled)).toBe(true));

  it.each([
    "hf:org/model:Q4_K_M",
    "hf:org/other",
    `hf:org/model@${"e".repeat(40)}`,
    "hf:org/model/m-Q8_0.gguf",
    "hf:..",
    "https://example.com/sub--m-Q8_0.gguf",
    "qwen3-4b",
  ])("%s is none", (name) => expect(namesInstalled(name, pulled)).toBe(false));

  it("are the catalogue's for a file with the catalogue's hash, whatever it's called, and not for another one", async () => {
    const modelsDir = makeModelsDir();
    const [entry] = CATALOG;
    await installModel(modelsDir, "renamed.gguf", { sha256: entry!.sha256 });
    await installModel(modelsDir, `other/${entry!.file}`);
    expect((await listModels({ modelsDir })).map(({ id }) => id)).toEqual(["other", entry!.id]);
  });
});

describe("the record of an installed model", () => {
  it("counts until the file is changed", async () => {
    const modelsDir = makeModelsDir();
    const path = await installModel(modelsDir, "mine/a.gguf", { repository: "org/model", license: "MIT" });
    expect(await readRecord(path)).toMatchObject({ repository: "org/model", license: "MIT" });
    expect(await verifyModel("mine", { modelsDir })).toMatchObject({ path, knownFrom: "the pull" });
    appendFileSync(path, "!");
    expect(await readRecord(path)).toBeUndefined();
  });

  it("isn't needed to find a broken file of the catalogue", async () => {
    const modelsDir = makeModelsDir("Qwen3-4B-Q4_K_M.gguf", "own.gguf");
    await expect(verifyModel("qwen3-4b", { modelsDir })).rejects.toMatchObject({ code: "CHECKSUM_MISMATCH" });
    const own = await verifyModel("own", { modelsDir });
    expect(own.knownFrom).toBeUndefined();
    expect(own.sha256).toMatch(/^[0-9a-f]{64}$/);
    await expect(verifyModel("absent", { modelsDir })).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
  });
});

it("lists what interrupted pulls have left", async () => {
  const modelsDir = makeModelsDir("whole.gguf");
  const notes = JSON.stringify({ version: 1, source: "x", bytes: 20, there: [[0, 5]] });
  for (const part of ["qwen3-4b-4bit/Qwen3-4B-Q4_K_M.gguf.part", "loose.gguf.part"]) {
    mkdirSync(join(modelsDir, "qwen3-4b-4bit"), { recursive: true });
    writeFileSync(join(modelsDir, part), "");
    writeFileSync(join(modelsDir, `${part}.json`), notes);
  }
  expect(await listPartials({ modelsDir })).toMatchObject([
    { id: "loose", path: join(modelsDir, "loose.gguf"), bytes: 5, totalBytes: 20 },
    { id: "qwen3-4b-4bit", bytes: 5, totalBytes: 20, entry: { id: "qwen3-4b-4bit" } },
  ]);
  expect(await listPartials({ modelsDir: join(modelsDir, "absent") })).toEqual([]);
});
