import { describe, expect, it } from "vitest";
import { perplexityOf, windowsOf } from "./perplexity.js";

const counted = (windows: ReturnType<typeof windowsOf>) =>
  windows.flatMap(({ from, end }) => Array.from({ length: end - from }, (_, index) => from + index));

describe("windows", () => {
  it("that slide count each token but the first once, after at least window - stride others", () => {
    for (const [tokens, size, stride] of [
      [10, 4, 2],
      [11, 4, 3],
      [5, 8, 4],
      [2, 2, 1],
      [9, 4, 4],
    ] as const) {
      const windows = windowsOf(tokens, "sliding", size, stride);
      expect(counted(windows)).toEqual(Array.from({ length: tokens - 1 }, (_, index) => index + 1));
      for (const { begin, end, from } of windows) {
        expect(end - begin).toBeLessThanOrEqual(size);
        expect(from - begin).toBeGreaterThanOrEqual(begin > 0 ? size - stride : 1);
      }
    }
  });

  it("in chunks count each one's second half, and no rest", () => {
    expect(windowsOf(11, "chunks", 4, 2)).toEqual([
      { begin: 0, end: 4, from: 3 },
      { begin: 4, end: 8, from: 7 },
    ]);
    expect(windowsOf(3, "chunks", 4, 2)).toEqual([]);
  });

  it("are none where nothing can be foretold", () => {
    expect(windowsOf(0, "sliding", 4, 2)).toEqual([]);
    expect(windowsOf(1, "sliding", 4, 2)).toEqual([]);
  });
});

it("is the exponential of the mean surprise, with its standard error", () => {
  const even = perplexityOf([Math.log(0.25), Math.log(0.25)]);
  expect(even.perplexity).toBeCloseTo(4);
  expect(even.error).toBeCloseTo(0);
  const { perplexity, error, nll, tokens } = perplexityOf([-1, -3]);
  expect([perplexity, nll, tokens]).toEqual([Math.exp(2), 2, 2]);
  expect(error).toBeCloseTo(Math.exp(2));
});
