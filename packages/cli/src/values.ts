/** Settings' values from text: `name` is how the person gave it, for the error message. */
import { UsageError } from "./failure.js";

export function parseChoice<T extends string>(name: string, text: string, choices: readonly T[]): T {
  const choice = choices.find((known) => known === text.trim().toLowerCase());
  if (choice === undefined) throw new UsageError(`${name} must be one of ${choices.join(", ")}, not '${text}'.`);
  return choice;
}

export function parseBoolean(name: string, text: string): boolean {
  const word = text.trim().toLowerCase();
  if (["1", "true", "yes", "on"].includes(word)) return true;
  if (["0", "false", "no", "off"].includes(word)) return false;
  throw new UsageError(`${name} must be true or false, not '${text}'.`);
}

/** Separated by commas. */
export function parseList(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

const unitMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** The longest time that a timer can wait. */
const maxMs = 2 ** 31 - 1;

/** "90s", "5m", "1h" or seconds, in milliseconds; "-1" or "forever" is Infinity. */
export function parseDuration(name: string, text: string): number {
  const word = text.trim().toLowerCase();
  if (word === "-1" || word === "forever") return Infinity;
  const [, count, unit = "s"] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(word) ?? [];
  const ms = Number(count) * (unitMs[unit] ?? Number.NaN);
  if (Number.isNaN(ms)) throw new UsageError(`${name} must be a time such as 30s, 5m or 1h, or -1, not '${text}'.`);
  if (ms > maxMs) throw new UsageError(`${name} must be at most 24 days, or -1 for ever, not '${text}'.`);
  return ms;
}
