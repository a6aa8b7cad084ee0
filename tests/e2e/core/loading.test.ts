/** Loading a large model: how far it is, and calling it off. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadModel, type LoadProgress } from "@izwi/core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { writeLargeModel } from "../large-model.js";

const folder = mkdtempSync(join(tmpdir(), "izwi-loading-"));
const path = join(folder, "large.gguf");
beforeAll(() => writeLargeModel(path));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("tells how far it is, and of all in the end", async () => {
  const told: LoadProgress[] = [];
  await using model = await loadModel(path, { contextLength: 64, onProgress: (progress) => told.push(progress) });
  const last = told.at(-1)!;
  expect(last.loadedBytes).toBe(last.totalBytes);
  expect(last.totalBytes).toBeGreaterThan(0.99 * model.info.fileBytes);
  expect(told.map(({ loadedBytes }) => loadedBytes)).toEqual(
    [...new Set(told.map(({ loadedBytes }) => loadedBytes))].sort((a, b) => a - b),
  );
  // Where weights are used as they lie in the file, loading takes no time, and there is nothing to tell meanwhile.
  expect(told.length).toBeGreaterThan(model.info.isa === "scalar" ? 0 : 2);
});

it("is called off by a signal, within a fraction of the time", async () => {
  const controller = new AbortController();
  const whole = { ms: 0 };
  {
    await using model = await loadModel(path, { contextLength: 64 });
    whole.ms = model.info.loadMs;
    if (model.info.isa === "scalar") return;
  }
  const before = process.cpuUsage();
  const loading = loadModel(path, {
    contextLength: 64,
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  await expect(loading).rejects.toMatchObject({ code: "ABORTED" });
  // What goes on behind the rejection would still be paid for.
  await new Promise((resolve) => setTimeout(resolve, whole.ms));
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000).toBeLessThan(whole.ms * 0.9);
});
