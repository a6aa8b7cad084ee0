import { describe, expect, it, vi } from "vitest";
import { abortable, onAbort } from "./abort.js";

describe("onAbort", () => {
  it("calls each who waits, once, and not those who have gone", () => {
    const controller = new AbortController();
    const [one, two, gone] = [vi.fn(), vi.fn(), vi.fn()];
    onAbort(controller.signal, one);
    onAbort(controller.signal, two);
    onAbort(controller.signal, gone)();
    controller.abort("why");
    controller.abort("again");
    expect([one.mock.calls, two.mock.calls, gone.mock.calls]).toEqual([[["why"]], [["why"]], []]);
  });

  it("has one listener at a signal, and none when nobody waits", () => {
    const { signal } = new AbortController();
    const add = vi.spyOn(signal, "addEventListener");
    const remove = vi.spyOn(signal, "removeEventListener");
    const stops = [1, 2, 3].map(() => onAbort(signal, () => undefined));
    expect(add).toHaveBeenCalledTimes(1);
    for (const stop of [...stops, ...stops]) stop();
    expect(remove).toHaveBeenCalledTimes(1);
    onAbort(signal, () => undefined)();
    expect([add.mock.calls.length, remove.mock.calls.length]).toEqual([2, 2]);
  });

  it("acts at once on a signal that has fired, and never without one", () => {
    const act = vi.fn();
    onAbort(AbortSignal.abort("why"), act)();
    onAbort(undefined, act)();
    expect(act.mock.calls).toEqual([["why"]]);
  });
});

describe("abortable", () => {
  it("settles like the promise", async () => {
    const { signal } = new AbortController();
    expect(await abortable(Promise.resolve(1), signal)).toBe(1);
    await expect(abortable(Promise.reject(new Error("broken")), signal)).rejects.toThrow("broken");
  });

  it("rejects when the signal fires, and discards what comes too late", async () => {
    const controller = new AbortController();
    const discard = vi.fn();
    const late = new Promise<string>((resolve) => {
      setTimeout(() => resolve("late"), 5);
    });
    const waiting = abortable(late, controller.signal, discard);
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toMatchObject({ code: "ABORTED", cause: new Error("enough") });
    await late;
    expect(discard).toHaveBeenCalledWith("late");
  });
});
