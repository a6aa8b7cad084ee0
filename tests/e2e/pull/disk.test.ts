import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, type TestContext } from "vitest";
import { FileServer, Hub, modelFile } from "./hub.js";
import { Place } from "./pulling.js";

/** A disk of so many bytes at the models directory. Skips the test where one can't be made: only root can. */
function smallDisk(place: Place, bytes: number, { skip }: TestContext): void {
  if (process.platform !== "linux") return skip("a small disk is made with Linux's tmpfs");
  if (process.getuid?.() !== 0) return skip("only root can mount a small disk");
  mkdirSync(place.modelsDir);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", place.modelsDir], { stdio: "pipe" });
  } catch (error) {
    skip(`no small disk can be mounted here: ${String((error as Error).message).trim()}`);
  }
  onTestFinished(() => void execFileSync("umount", ["-l", place.modelsDir]));
}

describe("a disk that is too small", () => {
  it("is noticed before anything is downloaded, with both numbers", async (context) => {
    const hub = await Hub.start();
    hub.publish("org/model", { "a.gguf": modelFile(600_000) });
    const place = new Place();
    smallDisk(place, 512 << 10, context);
    await expect(place.pull(hub, "hf:org/model/a.gguf")).rejects.toMatchObject({
      code: "DISK_FULL",
      message: expect.stringMatching(/has room for \d+ kB, but 600 kB are needed/),
    });
    expect(hub.storage.seen).toEqual([]);
  });

  it("that fills up on the way, keeps what came, and the next pull goes on when there is room", async (context) => {
    const content = modelFile(300_000);
    const hub = await Hub.start();
    hub.publish("org/model", { "a.gguf": content });
    const place = new Place();
    smallDisk(place, 512 << 10, context);
    const filler = join(place.modelsDir, "filler");
    let filled = false;
    const fillUp = () => {
      if (filled) return;
      filled = true;
      try {
        writeFileSync(filler, Buffer.alloc(1 << 20));
      } catch {
        // Full, as it should be.
      }
    };
    const pulling = place.pull(hub, "hf:org/model/a.gguf", {
      tuning: { segmentBytes: 50_000 },
      onProgress: (event) => event.type === "download" && event.bytes > 100_000 && fillUp(),
    });
    await expect(pulling).rejects.toMatchObject({ code: "DISK_FULL" });
    expect(filled).toBe(true);
    rmSync(filler);
    const { path } = await place.pull(hub, "hf:org/model/a.gguf");
    expect(readFileSync(path).equals(content)).toBe(true);
    const begin = place.progress.find((event) => event.type === "download");
    expect(begin?.type === "download" && begin.resumedBytes).toBeGreaterThan(50_000);
  });

  it("is noticed on the way where the server doesn't say the size", async (context) => {
    const server = await FileServer.start({ "/a.gguf": modelFile(600_000) });
    server.headStatus = 405;
    server.endpoint.fault = () => ({ chunked: true, ignoreRange: true });
    const place = new Place();
    smallDisk(place, 512 << 10, context);
    await expect(place.pull(await Hub.start(), `${server.endpoint.url}/a.gguf`)).rejects.toMatchObject({
      code: "DISK_FULL",
    });
  });
});

it("a models directory that can't be written is an error that names it", async () => {
  const hub = await Hub.start();
  hub.publish("org/model", { "a.gguf": modelFile(500) });
  const place = new Place();
  writeFileSync(place.modelsDir, "a file where the directory should be");
  await expect(place.pull(hub, "hf:org/model/a.gguf")).rejects.toMatchObject({
    message: expect.stringContaining("can't be written"),
  });
});
