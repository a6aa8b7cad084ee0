import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  builtinModelPath,
  CATALOG,
  listModels,
  loadModel,
  readLockFile,
  removeModel,
  type CatalogEntry,
} from "@izwi/core";
import { expect, it } from "vitest";
import { Hub, modelFile, sha256 } from "./hub.js";
import { Place } from "./pulling.js";

/** A real model, small enough for a test. */
const model = readFileSync(builtinModelPath());

/** The catalogue with one small model more, in this file's tests only. */
const tiny: CatalogEntry = {
  id: "tiny-chat-4bit",
  aliases: ["tiny-chat"],
  repository: "org/tiny-GGUF",
  file: "tiny-Q4_K_M.gguf",
  bytes: model.length,
  sha256: sha256(model),
  license: "MIT",
  kvBytesPerToken: 100,
  contextLength: 1024,
};
(CATALOG as CatalogEntry[]).push(tiny);

/** Few requests for a file that is larger than the other tests' ones. */
const tuning = { segmentBytes: 500_000 };

async function published(content: Buffer = model): Promise<[Hub, Place]> {
  const hub = await Hub.start();
  hub.publish(tiny.repository, { [tiny.file]: content });
  return [hub, new Place()];
}

it("a model of the catalogue is pulled by any of its names, and then chats", async () => {
  const [hub, place] = await published();
  const pulled = await place.pull(hub, "Tiny Chat", { tuning });
  expect(pulled).toMatchObject({
    id: tiny.id,
    path: join(place.modelsDir, tiny.id, tiny.file),
    license: "MIT",
    revision: hub.commitOf(tiny.repository),
  });
  await using loaded = await loadModel("tiny-chat", { modelsDir: place.modelsDir });
  const events: unknown[] = [];
  for await (const event of loaded.chat({ messages: [{ role: "user", content: "Hello" }], maxTokens: 3 }))
    events.push(event);
  expect(events.at(-1)).toMatchObject({ type: "end", usage: { completionTokens: expect.any(Number) } });
});

it("what the hub has instead is refused before a byte of it is downloaded", async () => {
  for (const other of [modelFile(model.length), modelFile(100)]) {
    const [hub, place] = await published(other);
    await expect(place.pull(hub, tiny.id)).rejects.toMatchObject({
      code: "CHECKSUM_MISMATCH",
      message: expect.stringContaining("another file for tiny-chat-4bit than the catalogue says"),
    });
    expect(hub.storage.seen).toEqual([]);
    expect(place.files()).toEqual([]);
  }
});

it("a mirror that tells no hashes is good enough, and is checked by ours", async () => {
  const [hub, place] = await published();
  hub.tellsHashes = false;
  hub.storage.fault = ({ index }) => {
    if (index === 2) hub.expireLinks();
    return index === 3 ? { cutAfter: 1000 } : undefined;
  };
  const pulled = await place.pull(hub, tiny.id, { tuning, connections: 2 });
  expect(readFileSync(pulled.path).equals(model)).toBe(true);
  hub.publish(tiny.repository, { [tiny.file]: modelFile(model.length) });
  const other = new Place();
  await expect(other.pull(hub, tiny.id, { tuning })).rejects.toMatchObject({ code: "CHECKSUM_MISMATCH" });
  expect(other.files()).toEqual([]);
});

it("what was linked is pinned by its commit, too, where the hub can be asked", async () => {
  const [hub, place] = await published();
  mkdirSync(join(place.home, "ollama", "blobs"), { recursive: true });
  writeFileSync(join(place.home, "ollama", "blobs", `sha256-${tiny.sha256}`), model);
  const lockFile = join(place.home, "izwi.lock");
  expect((await place.pull(hub, tiny.id, { lockFile })).origin).toBe("linked");
  expect((await readLockFile(lockFile)).get(tiny.id)?.revision).toBe(hub.commitOf(tiny.repository));
});

it("a file that somebody put elsewhere in the models directory is taken where it is, not a second time", async () => {
  const [hub, place] = await published();
  mkdirSync(join(place.modelsDir, "mine"), { recursive: true });
  const path = join(place.modelsDir, "mine", "renamed.gguf");
  writeFileSync(path, model);
  expect(await place.pull(hub, tiny.id)).toMatchObject({ id: tiny.id, path, origin: "installed" });
  expect(hub.api.seen).toEqual([]);
  expect((await listModels({ modelsDir: place.modelsDir })).map(({ id }) => id)).toEqual([tiny.id]);
  await removeModel("tiny-chat", { modelsDir: place.modelsDir });
  expect(place.files()).toEqual([]);
});

it("an entry without a pinned revision takes main, one with it exactly that", async () => {
  const [hub, place] = await published();
  await place.pull(hub, tiny.id, { tuning });
  expect(hub.api.seen.every(({ path }) => path.includes("/resolve/main/"))).toBe(true);
  const pinned = { ...tiny, id: "pinned-chat", aliases: [], revision: hub.commitOf(tiny.repository), file: "p.gguf" };
  (CATALOG as CatalogEntry[]).push(pinned);
  hub.publish(tiny.repository, { "p.gguf": model });
  await expect(new Place().pull(hub, "pinned-chat")).rejects.toMatchObject({
    code: "MODEL_NOT_FOUND",
    message: expect.stringContaining("has no revision"),
  });
});
