import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FileServer, Hub, modelFile, sha256 } from "./hub.js";
import { Place } from "./pulling.js";

const content = modelFile(5000);
const name = "hf:org/model:Q4_K_M";

async function published(): Promise<[Hub, Place, string]> {
  const hub = await Hub.start();
  hub.publish("org/model", { "m-Q4_K_M.gguf": content });
  const place = new Place();
  return [hub, place, join(place.home, "izwi.lock")];
}

describe("izwi.lock", () => {
  it("notes exactly what was pulled", async () => {
    const [hub, place, lockFile] = await published();
    const commit = hub.commitOf("org/model");
    await place.pull(hub, name, { lockFile });
    expect(JSON.parse(readFileSync(lockFile, "utf8"))).toEqual({
      version: 1,
      models: {
        [name]: {
          repository: "org/model",
          revision: commit,
          file: "m-Q4_K_M.gguf",
          bytes: 5000,
          sha256: sha256(content),
        },
      },
    });
    // Pulled again, without a download: the same.
    const before = readFileSync(lockFile, "utf8");
    await place.pull(hub, name, { lockFile });
    expect(readFileSync(lockFile, "utf8")).toBe(before);
  });

  it("frozen, gives the same file although the repository has moved on", async () => {
    const [hub, place, lockFile] = await published();
    const commit = hub.commitOf("org/model");
    await place.pull(hub, name, { lockFile });
    const asked = hub.api.seen.length;
    const other = new Place();
    const pulled = await other.pull(hub, name, { lockFile, frozen: true });
    expect(pulled).toMatchObject({ sha256: sha256(content), revision: commit });
    expect(hub.api.seen.slice(asked).every(({ path }) => path.includes(commit))).toBe(true);
  });

  it("frozen, refuses another content, and what isn't pinned", async () => {
    const [hub, place, lockFile] = await published();
    await place.pull(hub, name, { lockFile });
    const text = readFileSync(lockFile, "utf8");
    const frozen = { lockFile, frozen: true };
    writeFileSync(lockFile, text.replace(sha256(content), "0".repeat(64)));
    await expect(new Place().pull(hub, name, frozen)).rejects.toMatchObject({
      code: "CHECKSUM_MISMATCH",
      message: expect.stringContaining("izwi.lock says"),
    });
    await expect(place.pull(hub, "hf:org/model", frozen)).rejects.toMatchObject({ code: "LOCK_MISMATCH" });
    writeFileSync(lockFile, text.replace("m-Q4_K_M.gguf", "../../m-Q4_K_M.gguf"));
    await expect(place.pull(hub, name, frozen)).rejects.toMatchObject({ code: "LOCK_MISMATCH" });
    writeFileSync(lockFile, "not JSON");
    await expect(place.pull(hub, name, frozen)).rejects.toMatchObject({ code: "LOCK_MISMATCH" });
    const absent = { lockFile: join(place.home, "absent.lock"), frozen: true };
    await expect(place.pull(hub, name, absent)).rejects.toMatchObject({ code: "LOCK_MISMATCH" });
  });

  it("pins a file at an address, too, without the address's secrets", async () => {
    const [hub, place, lockFile] = await published();
    const server = await FileServer.start({ "/a.gguf": content });
    const url = `${server.endpoint.url}/a.gguf`;
    await place.pull(hub, `${url}?signature=secret`, { lockFile });
    expect(readFileSync(lockFile, "utf8")).not.toContain("secret");
    expect((await new Place().pull(hub, url, { lockFile, frozen: true })).sha256).toBe(sha256(content));
    server.files.set("/a.gguf", modelFile(5000));
    await expect(new Place().pull(hub, url, { lockFile, frozen: true })).rejects.toMatchObject({
      code: "CHECKSUM_MISMATCH",
    });
  });
});
