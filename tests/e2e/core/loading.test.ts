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

it("is called off by a signal, which ends the work, too", async () => {
  const controller = new AbortController();
  const before = process.cpuUsage();
  let loadMs: number;
  {
    await using model = await loadModel(path, { contextLength: 64 });
    if (model.info.isa === "scalar") return;
    loadMs = model.info.loadMs;
  }
  const whole = cpuMsSince(before);
  const start = process.cpuUsage();
  const loading = loadModel(path, { contextLength: 64, signal: controller.signal });
  setTimeout(() => controller.abort(), loadMs / 10);
  await expect(loading).rejects.toMatchObject({ code: "ABORTED" });
  // What goes on behind the rejection would still be paid for.
  await new Promise((resolve) => setTimeout(resolve, 2 * loadMs));
  expect(cpuMsSince(start)).toBeLessThan(whole * 0.8);
});

function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
