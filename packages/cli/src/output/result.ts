/** One command's result in the format that was asked for. */
import type { OutputFormat } from "../args/options.js";
import type { Printer } from "../printer.js";
import { toYaml } from "./yaml.js";

export interface Result {
  /** For programs: printed as JSON or YAML. */
  value: unknown;
  /** For people. */
  table: () => string;
  /** For shell scripts: a line for each item and no header. Default: the table. */
  plain?: () => string;
}

export function printResult(printer: Printer, format: OutputFormat, { value, table, plain = table }: Result): void {
  printer.data(structured(format, value) ?? (format === "plain" ? plain() : table()));
}

/** The value as JSON or YAML, or undefined where people read it. */
export function structured(format: OutputFormat, value: unknown): string | undefined {
  if (format === "json") return `${JSON.stringify(value, null, 2)}\n`;
  return format === "yaml" ? toYaml(value) : undefined;
}

/** One of several values that come one after another: JSON Lines, or YAML's documents. */
export function structuredItem(format: OutputFormat, value: unknown): string | undefined {
  if (format === "json") return `${JSON.stringify(value)}\n`;
  return format === "yaml" ? `---\n${toYaml(value)}` : undefined;
}
