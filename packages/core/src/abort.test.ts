import { getEventListeners } from "node:events";
import { describe, expect, it, vi } from "vitest";
import { abortable, throwIfAborted } from "./abort.js";

function later() {
  let resolve!: (value: string) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<string>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

describe("abortable", () => {
  it("settles like the promise and takes its listener off", async () => {
    const { signal } = new AbortController();
    await expect(abortable(Promise.resolve(1), signal)).resolves.toBe(1);
    await expect(abortable(Promise.reject(new Error("no")), signal)).rejects.toThrow("no");
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  it("rejects when the signal fires, and discards what comes late", async () => {
    const controller = new AbortController();
    const { promise, resolve } = later();
    const discard = vi.fn<(late: string) => void>();
    const result = abortable(promise, controller.signal, discard);
    controller.abort();
    await expect(result).rejects.toMatchObject({ code: "ABORTED" });
    resolve("late");
    await promise;
    expect(discard).toHaveBeenCalledExactlyOnceWith("late");
  });

  it("drops a failure that comes late", async () => {
    const controller = new AbortController();
    const { promise, reject } = later();
    const result = abortable(promise, controller.signal);
    controller.abort();
    reject(new Error("late"));
    await expect(result).rejects.toMatchObject({ code: "ABORTED" });
  });

  it("notices a signal that has fired before", async () => {
    await expect(abortable(Promise.resolve(1), AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
    expect(() => throwIfAborted(AbortSignal.abort())).toThrow("aborted");
    expect(() => throwIfAborted(undefined)).not.toThrow();
  });
});
