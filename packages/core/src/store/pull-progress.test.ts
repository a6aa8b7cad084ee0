import { expect, it } from "vitest";
import { ProgressReport, type PullProgress } from "./pull-progress.js";

it("tells of bytes now and then, and always of the first and the last", () => {
  const events: PullProgress[] = [];
  const report = new ProgressReport((event) => events.push(event), 60_000);
  report.beginDownload(100, 1100);
  for (let piece = 0; piece < 10; piece++) report.downloaded(100);
  const bytes = events.map((event) => event.type === "download" && event.bytes);
  expect(bytes[0]).toBe(100);
  expect(bytes.at(-1)).toBe(1100);
  expect(bytes.length).toBeLessThanOrEqual(3);
  expect(events.at(-1)).toMatchObject({ totalBytes: 1100, resumedBytes: 100, etaMs: 0 });
});

it("leaves out what isn't known", () => {
  const events: PullProgress[] = [];
  const report = new ProgressReport((event) => events.push(event), 0);
  report.beginDownload(0, undefined);
  report.downloaded(5);
  expect(events.at(-1)).toMatchObject({ type: "download", bytes: 5 });
  expect(events.at(-1)).not.toHaveProperty("totalBytes");
  expect(events.at(-1)).not.toHaveProperty("etaMs");
  new ProgressReport(undefined).downloaded(5);
});
