import { expect, it } from "vitest";
import { end } from "./fakes/fake-core.js";
import { formatStats } from "./stats.js";

it("tells times, speeds and tokens", () => {
  expect(formatStats(end())).toBe(
    "TTFT 180 ms · prefill 45 tokens, 300/s · decode 21 tokens, 40.0/s · prompt 120 (75 cached)",
  );
});

it("leaves out a speed that can't be told, and tells thinking", () => {
  const event = end();
  event.usage.completionTokens = 1;
  event.usage.reasoningTokens = 1;
  event.timings = { ...event.timings, prefillMs: 0, tokensPerSecond: 0, timeToFirstTokenMs: 12_345 };
  expect(formatStats(event)).toBe(
    "TTFT 12.3 s · prefill 45 tokens · decode 1 tokens (1 thinking) · prompt 120 (75 cached)",
  );
});
