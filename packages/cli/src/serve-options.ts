/** What the values of `izwi serve` may be, wherever they are given. */
import type { NumberRange } from "./number-options.js";

export const serveModes = ["server", "web", "desktop"] as const;
export type ServeMode = (typeof serveModes)[number];

export const logLevels = ["trace", "debug", "info", "warn", "error", "off"] as const;
export type LogLevel = (typeof logLevels)[number];

export const logFormats = ["text", "json"] as const;
export type LogFormat = (typeof logFormats)[number];

export const portRange: NumberRange = { integer: true, min: 0, max: 65_535 };
export const batchSizeRange: NumberRange = { integer: true, min: 1, max: 1024 };
export const concurrencyRange: NumberRange = { integer: true, min: 1, max: 100_000 };
/** Seconds; a timer can't wait longer. */
export const timeoutRange: NumberRange = { integer: false, min: 0, max: 2_000_000 };
