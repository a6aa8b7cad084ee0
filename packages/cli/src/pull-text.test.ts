import { describe, expect, it } from "vitest";
import { bar, duration, percent, progressLine } from "./pull-text.js";

const download = {
  type: "download",
  bytes: 1e9,
  totalBytes: 4e9,
  resumedBytes: 0,
  bytesPerSecond: 5e7,
  etaMs: 60_000,
} as const;

describe("a download in one line", () => {
  it("has a bar where there is room, and the numbers anyhow", () => {
    expect(progressLine(download, 100)).toBe(`${bar(0.25, 30)}  25 %  1.0 GB of 4.0 GB  50 MB/s  60 s left`);
    expect(progressLine(download, 40)).toBe("25 %  1.0 GB of 4.0 GB  50 MB/s  60 s left");
  });

  it("leaves out what isn't known", () => {
    const { etaMs: _, ...stalled } = { ...download, bytesPerSecond: 0 };
    expect(progressLine(stalled, 0)).toBe("25 %  1.0 GB of 4.0 GB");
    const { totalBytes: __, ...unknown } = stalled;
    expect(progressLine({ ...unknown, bytesPerSecond: 2e6 }, 100)).toBe("1.0 GB  2 MB/s");
  });
});

it("tells of everything else that happens", () => {
  const retry = { type: "retry", attempt: 1, retries: 8, delayMs: 2000, reason: "hub can't be reached." } as const;
  expect(progressLine(retry, 80)).toBe("hub can't be reached. Trying again in 2 s (1 of 8)…");
  expect(progressLine({ type: "wait", pid: 7, bytes: 1, totalBytes: 4 }, 80)).toMatch(/^Process 7 .*: 25 %; waiting…$/);
  expect(progressLine({ type: "wait", pid: 7 }, 80)).toBe("Process 7 is downloading it; waiting…");
  expect(progressLine({ type: "resolve", name: "a\u001b[31m" }, 80)).toBe("Asking for a[31m…");
  expect(progressLine({ type: "search", store: "Ollama", path: "/x", bytes: 1, totalBytes: 2 }, 80)).toMatch(
    /Ollama has: 50 %/,
  );
  expect(progressLine({ type: "verify", bytes: 1, totalBytes: 2 }, 80)).toBe("Checking: 50 %…");
  expect(progressLine({ type: "link", store: "LM Studio", path: "/x", how: "copy" }, 80)).toBe("Found in LM Studio");
});

it("draws a bar in eighths of a character, never longer than its place", () => {
  expect(bar(0, 4)).toBe("░░░░");
  expect(bar(1, 4)).toBe("████");
  expect(bar(0.5, 4)).toBe("██░░");
  expect(bar(0.53, 4)).toBe("██▏░");
  for (let share = -0.5; share < 1.5; share += 0.01) expect([...bar(share, 7)]).toHaveLength(7);
});

it("says 100 % only at the end", () => {
  expect([percent(0, 10), percent(9999, 10_000), percent(10, 10), percent(0, 0)]).toEqual([
    "0 %",
    "99 %",
    "100 %",
    "100 %",
  ]);
});

it("tells times as people do", () => {
  expect([10, 1000, 99_000, 100_000, 3_600_000, 7_260_000].map(duration)).toEqual([
    "1 s",
    "1 s",
    "99 s",
    "2 min",
    "60 min",
    "2 h 1 min",
  ]);
});
