import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { FakeSignals } from "./fakes/fake-world.js";
import { StopSignals } from "./stop-signals.js";

let source: FakeSignals;
let stop: StopSignals;
beforeEach(() => {
  vi.useFakeTimers();
  source = new FakeSignals();
  stop = new StopSignals(source);
});
afterEach(() => vi.useRealTimers());

it.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
])("%s aborts with exit code %i", (name, code) => {
  source.emit(name);
  expect(stop.signal.aborted).toBe(true);
  expect(stop.exitCode).toBe(code);
  expect(source.exits).toEqual([]);
});

it("leaves at once at a second signal, and by itself when closing takes too long", () => {
  source.emit("SIGTERM");
  source.emit("SIGTERM");
  expect(source.exits).toEqual([143]);
  vi.advanceTimersByTime(5000);
  expect(source.exits).toEqual([143, 143]);
});

it("lends SIGINT to a session, and takes it back", () => {
  let interrupts = 0;
  const release = stop.takeInterrupt(() => interrupts++);
  source.emit("SIGINT");
  expect([interrupts, stop.signal.aborted]).toEqual([1, false]);
  release();
  source.emit("SIGINT");
  expect([interrupts, stop.signal.aborted]).toEqual([1, true]);
});

it("stops listening when disposed", () => {
  stop.dispose();
  expect(source.eventNames()).toEqual([]);
});
