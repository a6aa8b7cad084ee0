import { expect, it } from "vitest";
import { Rate } from "./rate.js";

it("tells rate and rest from the last seconds only", () => {
  let now = 0;
  const rate = new Rate(5000, () => now);
  expect(rate.bytesPerSecond).toBe(0);
  expect(rate.etaMs(100)).toBeUndefined();
  for (let bytes = 0; bytes <= 10_000; bytes += 100, now += 100) rate.add(bytes);
  now -= 100;
  expect(rate.bytesPerSecond).toBeCloseTo(1000, -1);
  expect(rate.etaMs(3000)).toBeCloseTo(3000, -2);
  for (let second = 0; second < 10; second++) {
    now += 1000;
    rate.add(10_000);
  }
  expect(rate.bytesPerSecond).toBe(0);
  rate.reset();
  expect(rate.etaMs(1)).toBeUndefined();
});

it("falls while nothing comes, without a further sample", () => {
  let now = 0;
  const rate = new Rate(5000, () => now);
  rate.add(0);
  now = 1000;
  rate.add(1000);
  expect(rate.bytesPerSecond).toBe(1000);
  now = 4000;
  expect(rate.bytesPerSecond).toBe(250);
});
