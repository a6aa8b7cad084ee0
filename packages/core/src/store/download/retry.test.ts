import { describe, expect, it, vi } from "vitest";
import { Backoff, retryAfterMs, TransientError, withRetries, type RetryNotice } from "./retry.js";

const quick = { retries: 3, backoffMs: 1, maxBackoffMs: 3 };
const failing = (times: number, error: Error = new TransientError("The line is dead.")) => {
  const work = vi.fn(async () => {
    if (work.mock.calls.length <= times) throw error;
    return "done";
  });
  return work;
};

describe("trying again", () => {
  it("goes on until it succeeds, and says so each time", async () => {
    const notices: RetryNotice[] = [];
    const backoff = new Backoff(quick, (notice) => notices.push(notice));
    expect(await withRetries(backoff, undefined, failing(3))).toBe("done");
    expect(notices.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(notices[0]).toMatchObject({ retries: 3, reason: "The line is dead." });
  });

  it("gives up after so many times without progress", async () => {
    const work = failing(4);
    const result = withRetries(new Backoff(quick), undefined, work);
    await expect(result).rejects.toMatchObject({
      code: "DOWNLOAD_FAILED",
      message: "The line is dead. It was tried 4 times.",
    });
    expect(work).toHaveBeenCalledTimes(4);
    const backoff = new Backoff(quick);
    for (let time = 0; time < 20; time++) {
      await backoff.wait(new TransientError("x"), undefined);
      backoff.reset();
    }
  });

  it("doesn't try what can't be helped", async () => {
    const work = failing(1, new TypeError("broken"));
    await expect(withRetries(new Backoff(quick), undefined, work)).rejects.toThrow("broken");
    expect(work).toHaveBeenCalledTimes(1);
  });

  it("waits as long as the server asks, but not for hours", async () => {
    const began = Date.now();
    await new Backoff(quick).wait(new TransientError("busy", { retryAfterMs: 60 }), undefined);
    expect(Date.now() - began).toBeGreaterThanOrEqual(59);
    const long = new TransientError("Busy.", { retryAfterMs: 3_600_000 });
    await expect(new Backoff(quick).wait(long, undefined)).rejects.toThrow("Busy. It asks to wait for 60 minutes.");
  });

  it("stops waiting when it is aborted", async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 5);
    const waiting = new Backoff({ ...quick, backoffMs: 60_000, maxBackoffMs: 60_000 }).wait(
      new TransientError("x"),
      stop.signal,
    );
    await expect(waiting).rejects.toMatchObject({ code: "ABORTED" });
  });
});

it("reads Retry-After as seconds or as a date", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  expect(retryAfterMs("2", now)).toBe(2000);
  expect(retryAfterMs("Thu, 01 Jan 2026 00:00:05 GMT", now)).toBe(5000);
  expect(retryAfterMs("Thu, 01 Jan 2025 00:00:05 GMT", now)).toBe(0);
  expect(retryAfterMs("soon", now)).toBeUndefined();
  expect(retryAfterMs(undefined, now)).toBeUndefined();
});
