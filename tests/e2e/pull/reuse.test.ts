import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { removeModel } from "@izwi/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { Hub, modelFile, sha256 } from "./hub.js";
import { Place } from "./pulling.js";

const content = modelFile(5000);
const name = "hf:org/model/a.gguf";

async function published(): Promise<[Hub, Place]> {
  const hub = await Hub.start();
  hub.publish("org/model", { "a.gguf": content });
  return [hub, new Place()];
}

function put(path: string, bytes: Buffer = content): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
  return path;
}

const hash = sha256(content);

describe("a model that another program has", () => {
  it.each([
    ["the hub's cache", `hf/hub/models--x--y/blobs/${hash}`],
    ["Ollama", `ollama/blobs/sha256-${hash}`],
    ["LM Studio", ".lmstudio/models/x/y/b.gguf"],
    ["llama.cpp", ".cache/llama.cpp/c.gguf"],
  ])("is linked from %s, not downloaded, and stays when the other one deletes it", async (store, where) => {
    const [hub, place] = await published();
    const other = put(join(place.home, where));
    const pulled = await place.pull(hub, name);
    expect(pulled).toMatchObject({ origin: "linked", linked: { store, path: other, how: "hard link" } });
    expect(statSync(pulled.path).ino).toBe(statSync(other).ino);
    expect(hub.storage.seen).toEqual([]);
    expect(place.kinds()).toEqual(["resolve", "search", "link"]);
    const { modelsDir } = place;
    rmSync(other);
    expect(readFileSync(pulled.path).equals(content)).toBe(true);
    expect((await place.pull(hub, name)).origin).toBe("installed");
    expect((await removeModel(name, { modelsDir })).freedBytes).toBe(5000);
  });

  it("is left to it when we remove ours", async () => {
    const [hub, place] = await published();
    const other = put(join(place.home, `ollama/blobs/sha256-${hash}`));
    await place.pull(hub, name);
    expect(await removeModel(name, { modelsDir: place.modelsDir })).toMatchObject({ freedBytes: 0 });
    expect(existsSync(other)).toBe(true);
    expect(place.files()).toEqual([]);
  });

  it("is downloaded all the same when somebody wants so, or when its content is another", async () => {
    const [hub, place] = await published();
    put(join(place.home, `ollama/blobs/sha256-${hash}`));
    expect((await place.pull(hub, name, { reuse: false })).origin).toBe("downloaded");
    const other = new Place();
    put(join(other.home, `ollama/blobs/sha256-${hash}`), modelFile(5000));
    expect((await other.pull(hub, name)).origin).toBe("downloaded");
  });

  it("needs no network where the catalogue or izwi.lock says the hash", async () => {
    const [hub, place] = await published();
    const lockFile = join(place.home, "izwi.lock");
    await place.pull(hub, name, { lockFile });
    const other = new Place();
    put(join(other.home, "elsewhere", "x"));
    put(join(other.home, `ollama/blobs/sha256-${hash}`));
    const asked = hub.api.seen.length;
    const pulled = await other.pull(hub, name, { lockFile, frozen: true, offline: true });
    expect(pulled.origin).toBe("linked");
    expect(hub.api.seen).toHaveLength(asked);
  });

  it.skipIf(process.platform !== "linux" || !existsSync("/dev/shm"))("is copied from another disk", async () => {
    const [hub, place] = await published();
    const disk = mkdtempSync("/dev/shm/izwi-reuse-");
    onTestFinished(() => rmSync(disk, { recursive: true }));
    const other = put(join(disk, "blobs", `sha256-${hash}`));
    const pulled = await place.pull(hub, name, { env: { OLLAMA_MODELS: disk } });
    const sameDisk = statSync(other).dev === statSync(place.modelsDir).dev;
    expect(pulled.linked?.how).toBe(sameDisk ? "hard link" : "copy");
    expect(readFileSync(pulled.path).equals(content)).toBe(true);
  });

  it.skipIf(process.getuid?.() === 0 || process.platform === "win32")("that can't be read is passed over", async () => {
    const [hub, place] = await published();
    chmodSync(put(join(place.home, `ollama/blobs/sha256-${hash}`)), 0);
    expect((await place.pull(hub, name)).origin).toBe("downloaded");
  });
});

describe("a file at the model's place", () => {
  it("that was put there by hand is checked once and kept", async () => {
    const [hub, place] = await published();
    put(join(place.modelsDir, "org--model", "a.gguf"));
    expect((await place.pull(hub, name)).origin).toBe("installed");
    expect(place.kinds()).toContain("verify");
    expect(hub.storage.seen).toEqual([]);
  });

  it("that is another one isn't overwritten, but for --force", async () => {
    const [hub, place] = await published();
    const path = put(join(place.modelsDir, "org--model", "a.gguf"), Buffer.from("GGUF my own"));
    await expect(place.pull(hub, name)).rejects.toMatchObject({ code: "CHECKSUM_MISMATCH" });
    expect(readFileSync(path, "latin1")).toBe("GGUF my own");
    await place.pull(hub, name, { force: true });
    expect(readFileSync(path).equals(content)).toBe(true);
  });
});
