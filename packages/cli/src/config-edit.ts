/** Changes one value in a TOML text and leaves everything else, comments too, as it was written. */

/** What a TOML file is parsed by; handed in, because it is loaded only for files. */
export type ParseToml = (text: string) => Record<string, unknown>;

/** A value that can be set: as the parser gives it back. */
export type TomlValue = string | number | boolean | string[];

/**
 * The text with `section.name = value`, or without it where `value` is undefined. Undefined when the text is written
 * in a way that this can't change safely, such as inline tables.
 */
export function withValue(
  text: string,
  key: string,
  value: TomlValue | undefined,
  parse: ParseToml,
): string | undefined {
  const [section = "", name = ""] = splitKey(key);
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  const lines = text === "" ? [] : text.replace(/\r?\n$/, "").split(/\r?\n/);
  const place = find(lines, section, name, parse);
  const changed = place === undefined ? added(lines, section, name, value) : replaced(lines, place, value, parse);
  const result = changed.length === 0 ? "" : changed.join(newline) + newline;
  return isRight(text, result, section, name, value, parse) ? result : undefined;
}

export function tomlText(value: TomlValue): string {
  if (Array.isArray(value)) return `[${value.map(tomlText).join(", ")}]`;
  // JSON's escapes are TOML's too, but for the one that JSON lets stand as it is.
  return typeof value === "string" ? JSON.stringify(value).replaceAll("\u007f", "\\u007f") : String(value);
}

interface Place {
  /** The line with the name, and how many lines the value has. */
  at: number;
  count: number;
}

const tableHeader = /^\s*\[{1,2}\s*([^\]#]+?)\s*\]{1,2}\s*(#.*)?$/;

function splitKey(key: string): [string, string] {
  const dot = key.indexOf(".");
  return [key.slice(0, dot), key.slice(dot + 1)];
}

/** Either `name =` below `[section]`, or `section.name =` before the first table. */
function find(lines: string[], section: string, name: string, parse: ParseToml): Place | undefined {
  let table = "";
  for (let at = 0; at < lines.length;) {
    const header = tableHeader.exec(lines[at]!);
    if (header !== null) table = bare(header[1]!);
    const written = /^\s*([\w."' -]+?)\s*=/.exec(lines[at]!)?.[1];
    if (header !== null || written === undefined) {
      at++;
      continue;
    }
    const count = extent(lines, at, parse);
    const full = table === "" ? bare(written) : `${table}.${bare(written)}`;
    if (full === `${section}.${name}`) return { at, count };
    at += count;
  }
  return undefined;
}

const bare = (key: string): string =>
  key
    .split(".")
    .map((part) => part.trim().replace(/^(["'])(.*)\1$/, "$2"))
    .join(".");

/** A value may go on over lines: it ends with the first line that makes it whole. */
function extent(lines: string[], at: number, parse: ParseToml): number {
  for (let count = 1; at + count <= lines.length; count++) {
    if (isToml(lines.slice(at, at + count).join("\n"), parse)) return count;
  }
  return 1;
}

function replaced(lines: string[], { at, count }: Place, value: TomlValue | undefined, parse: ParseToml): string[] {
  const [before, after] = [lines.slice(0, at), lines.slice(at + count)];
  if (value === undefined) return [...before, ...after];
  const line = lines[at]!;
  const name = /^\s*[\w."' -]+?\s*=\s*/.exec(line)![0];
  return [...before, `${name}${tomlText(value)}${count === 1 ? comment(line, parse) : ""}`, ...after];
}

/** What stands after the value: the first number sign before which there is a whole statement begins it. */
function comment(line: string, parse: ParseToml): string {
  for (let sign = line.indexOf("#"); sign >= 0; sign = line.indexOf("#", sign + 1)) {
    if (isToml(line.slice(0, sign), parse)) return ` ${line.slice(sign)}`;
  }
  return "";
}

function added(lines: string[], section: string, name: string, value: TomlValue | undefined): string[] {
  if (value === undefined) return lines;
  const line = `${name} = ${tomlText(value)}`;
  const header = lines.findIndex((text) => bare(tableHeader.exec(text)?.[1] ?? "") === section);
  if (header < 0) return [...lines, ...(lines.length > 0 ? [""] : []), `[${section}]`, line];
  const next = lines.findIndex((text, index) => index > header && tableHeader.test(text));
  let end = next < 0 ? lines.length : next;
  // Before the empty lines and the comments that belong to the table after it.
  while (end > header + 1 && /^\s*(#.*)?$/.test(lines[end - 1]!)) end--;
  return [...lines.slice(0, end), line, ...lines.slice(end)];
}

function isToml(text: string, parse: ParseToml): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether the new text says what was wanted, and of everything else what the old one did. */
function isRight(
  before: string,
  after: string,
  section: string,
  name: string,
  value: TomlValue | undefined,
  parse: ParseToml,
): boolean {
  try {
    const [was, is] = [parse(before), parse(after)];
    const table = is[section] as Record<string, unknown> | undefined;
    if (JSON.stringify(table?.[name]) !== JSON.stringify(value)) return false;
    return JSON.stringify(without(was, section, name)) === JSON.stringify(without(is, section, name));
  } catch {
    return false;
  }
}

/** A copy, in order of names, without the one value and without empty tables. */
function without(tables: Record<string, unknown>, section: string, name: string): unknown {
  const copy = Object.entries(tables).map(([key, table]) => {
    if (typeof table !== "object" || table === null || Array.isArray(table)) return [key, table] as const;
    const rest = Object.entries(table as object).filter(([inner]) => key !== section || inner !== name);
    return [key, rest.length === 0 ? undefined : Object.fromEntries(rest.sort(byName))] as const;
  });
  return Object.fromEntries(copy.filter(([, table]) => table !== undefined).sort(byName));
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);
