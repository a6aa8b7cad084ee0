import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../fakes/temporary-folder.js";
import { findCopy } from "./foreign-stores.js";
import { linkFile } from "./link-file.js";

const content = "GGUF: a model that somebody has already";
const sha256 = createHash("sha256").update(content).digest("hex");
const wanted = { sha256, bytes: content.length };

function makeHome(): string {
  return temporaryFolder();
}

function put(path: string, text = content): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

const find = (home: string, env: Record<string, string> = {}) =>
  findCopy(wanted, { modelsDir: join(home, "izwi"), env, home });

describe("a file that is on this machine already", () => {
  it.each([
    ["the hub's cache", `.cache/huggingface/hub/models--org--m/blobs/${sha256}`],
    ["Ollama", `.ollama/models/blobs/sha256-${sha256}`],
    ["LM Studio", ".lmstudio/models/org/repo/m.gguf"],
    ["LM Studio", ".cache/lm-studio/models/org/repo/m.gguf"],
    ["llama.cpp", ".cache/llama.cpp/org_m.gguf"],
    ["the models directory", "izwi/other/m.gguf"],
  ])("is found in %s", async (store, path) => {
    const home = makeHome();
    put(join(home, path));
    expect(await find(home)).toEqual({ store, path: join(home, path) });
  });

  it("is found where variables and pointers say", async () => {
    const home = makeHome();
    const elsewhere = makeHome();
    put(join(elsewhere, "blobs", `sha256-${sha256}`));
    expect((await find(home, { OLLAMA_MODELS: elsewhere }))?.store).toBe("Ollama");
    put(join(elsewhere, "models--a--b", "blobs", sha256));
    expect((await find(home, { HF_HUB_CACHE: elsewhere }))?.store).toBe("the hub's cache");
    const studio = makeHome();
    put(join(studio, "models", "a.gguf"));
    writeFileSync(join(home, ".lmstudio-home-pointer"), `${studio}\n`);
    expect((await find(home))?.path).toBe(join(studio, "models", "a.gguf"));
  });

  it("must have the content, whatever its name and size are", async () => {
    const home = makeHome();
    put(join(home, `.ollama/models/blobs/sha256-${sha256}`), content.toUpperCase());
    put(join(home, ".lmstudio/models/a/b/m.gguf"), content.slice(1));
    expect(await find(home)).toBeUndefined();
  });

  it("isn't searched for any longer when it is aborted", async () => {
    const home = makeHome();
    put(join(home, ".cache/llama.cpp/m.gguf"));
    const search = findCopy(wanted, { modelsDir: home, env: {}, home, signal: AbortSignal.abort() });
    await expect(search).rejects.toMatchObject({ code: "ABORTED" });
  });
});

describe("linking", () => {
  const options = { bytes: wanted.bytes, directory: tmpdir() };

  it("takes no room where it can, and stays when the other file goes", async () => {
    const home = makeHome();
    const blob = put(join(home, "blobs", "x"));
    mkdirSync(join(home, "snapshots"));
    symlinkSync(join("..", "blobs", "x"), join(home, "snapshots", "m.gguf"));
    const to = join(home, "linked.gguf");
    expect(await linkFile(join(home, "snapshots", "m.gguf"), to, options)).toBe("hard link");
    expect(statSync(to).ino).toBe(statSync(blob).ino);
    rmSync(blob);
    expect(readFileSync(to, "utf8")).toBe(content);
  });

  it.skipIf(process.platform !== "linux")("copies to another disk", async () => {
    const from = put(join(makeHome(), "m.gguf"));
    const disk = mkdtempSync("/dev/shm/izwi-link-");
    const to = join(disk, "m.gguf");
    try {
      const sameDisk = statSync(from).dev === statSync(disk).dev;
      expect(await linkFile(from, to, { ...options, directory: disk })).toBe(sameDisk ? "hard link" : "copy");
      expect(readFileSync(to, "utf8")).toBe(content);
    } finally {
      rmSync(disk, { recursive: true });
    }
  });

  it("never writes over what is there", async () => {
    const home = makeHome();
    const from = put(join(home, "a"));
    const to = put(join(home, "b"), "mine");
    await expect(linkFile(from, to, options)).rejects.toMatchObject({ code: "DOWNLOAD_FAILED" });
    expect(readFileSync(to, "utf8")).toBe("mine");
  });
});
