import { expect, it } from "vitest";
import { createLogger, LOG_LEVELS } from "./logger.js";

function linesOf(options: Omit<Parameters<typeof createLogger>[0], "write">): string[] {
  const lines: string[] = [];
  const log = createLogger({ ...options, write: (line) => void lines.push(line) });
  log.debug("a", { n: 1 });
  log.info("b", { text: "x y=z\nnext", path: "/v1/models", none: undefined });
  log.warn("c");
  log.error("d", { ok: false });
  return lines;
}

it.each(LOG_LEVELS)("writes what is as serious as %s or more", (level) => {
  expect(linesOf({ level })).toHaveLength(4 - LOG_LEVELS.indexOf(level));
});

it("writes text in which no value can look like a field or a line", () => {
  const [line, ...others] = linesOf({ level: "info" });
  expect(line).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z info {2}b text="x y=z\\nnext" path=\/v1\/models$/);
  expect(others.map((other) => other.slice(25))).toEqual(["warn  c", "error d ok=false"]);
});

it("writes JSON", () => {
  const [line] = linesOf({ level: "debug", format: "json" });
  expect(JSON.parse(line!)).toEqual({ time: expect.stringMatching(/Z$/), level: "debug", event: "a", n: 1 });
});
