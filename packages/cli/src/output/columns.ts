/** Rows as a table of text; every row has as many cells as the header. Cells are made harmless for terminals. */
import { harmless } from "../printer.js";

/** @param toTheRight columns of numbers */
export function columns(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  toTheRight: readonly number[] = [],
): string {
  const all = [header, ...rows.map((row) => row.map((cell) => harmless(cell).replace(/[\n\t]+/g, " ")))];
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const aligned = (cell: string, column: number) =>
    toTheRight.includes(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!);
  return all.map((row) => `${row.map(aligned).join("  ").trimEnd()}\n`).join("");
}

/** Facts of one thing, a line each; those without a value are left out. */
export function facts(named: readonly (readonly [string, string | undefined])[]): string {
  const given = named.filter(([, value]) => value !== undefined && value !== "");
  const width = Math.max(0, ...given.map(([name]) => name.length));
  return given.map(([name, value]) => `${name.padEnd(width)}  ${harmless(value!)}\n`).join("");
}
