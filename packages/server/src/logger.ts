import type { LogFields, Logger } from "./route-context.js";

export const LOG_LEVELS = ["debug", "info", "warn", "error", "off"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_FORMATS = ["text", "json"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export interface LoggerOptions {
  /** Takes each line, without a line end. */
  write: (line: string) => void;
  /** The least serious level that is written. Default: `info`. */
  level?: LogLevel;
  /** Default: `text`. */
  format?: LogFormat;
}

/** One line for each event, with a time, a level and fields. */
export function createLogger({ write, level = "info", format = "text" }: LoggerOptions): Logger {
  const line = format === "json" ? jsonLine : textLine;
  const least = LOG_LEVELS.indexOf(level);
  const at = (name: Exclude<LogLevel, "off">) => {
    if (LOG_LEVELS.indexOf(name) < least) return () => {};
    return (event: string, fields: LogFields = {}) => write(line(new Date().toISOString(), name, event, fields));
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

export const silentLogger: Logger = createLogger({ write: () => {}, level: "off" });

function jsonLine(time: string, level: string, event: string, fields: LogFields): string {
  return JSON.stringify({ time, level, event, ...fields });
}

function textLine(time: string, level: string, event: string, fields: LogFields): string {
  const pairs = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${textValue(value)}`],
  );
  return [time, level.padEnd(5), event, ...pairs].join(" ");
}

/** Quoted where it isn't one plain word, so that nothing in it can look like another field or another line. */
function textValue(value: string | number | boolean): string {
  const text = String(value);
  return /^[\w./:@+-]+$/.test(text) ? text : JSON.stringify(text);
}
