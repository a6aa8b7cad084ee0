/** The configuration file: TOML, the same for every command. */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { configKeys } from "./config-keys.js";
import { errorCode, UsageError } from "./failure.js";
import { nearMatches } from "./near-match.js";
import type { Environment } from "./sources.js";

/** The file's values by dotted key, as the text that the same setting would be in the environment. */
export interface Config {
  /** Where it was read; undefined when there is none. */
  file?: string;
  values: ReadonlyMap<string, string>;
  warnings: string[];
}

export const noConfig: Config = { values: new Map(), warnings: [] };

const knownKeys = configKeys.map(({ key }) => key);
/** Known elsewhere, and good for something later. */
const idleKeys = ["ui.dir", "defaults.speaker", "defaults.format"];

/** Where the file is, unless --config or IZWI_CONFIG says otherwise. */
export function configPath(env: Environment, platform: NodeJS.Platform = process.platform, home = homedir()): string {
  if (platform === "win32") {
    return path.win32.join(env["APPDATA"] || path.win32.join(home, "AppData", "Roaming"), "izwi", "config.toml");
  }
  if (platform === "darwin") return path.posix.join(home, "Library", "Application Support", "izwi", "config.toml");
  const folder = env["XDG_CONFIG_HOME"] ?? "";
  // The XDG specification has relative paths ignored.
  return path.posix.join(path.isAbsolute(folder) ? folder : path.posix.join(home, ".config"), "izwi", "config.toml");
}

/** The file that --config or IZWI_CONFIG asks for, else the usual one, which needn't be there. */
export function configFile(askedFor: string | undefined, env: Environment): { file: string; chosen: boolean } {
  const chosen = askedFor ?? (env["IZWI_CONFIG"]?.trim() || undefined);
  return { file: chosen ?? configPath(env), chosen: chosen !== undefined };
}

/** Reads the file that was asked for, or the usual one if it's there. The TOML parser is loaded only for a file. */
export async function readConfig(askedFor: string | undefined, env: Environment): Promise<Config> {
  const { file, chosen } = configFile(askedFor, env);
  if (!chosen && !existsSync(file)) return noConfig;
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`The configuration file ${file} can't be read (${errorCode(error) ?? "unknown error"}).`);
  }
  const { parse } = await import("smol-toml");
  let table: Record<string, unknown>;
  try {
    table = parse(text);
  } catch (error) {
    // The parser's first line says what is wrong; the others draw the place.
    const [what, ...where] = (error instanceof Error ? error.message : String(error)).trimEnd().split("\n");
    throw new UsageError([`The configuration file ${file} isn't valid TOML: ${what}`, ...where].join("\n"));
  }
  return { file, ...valuesOf(table, file) };
}

function valuesOf(table: Record<string, unknown>, file: string): Pick<Config, "values" | "warnings"> {
  const values = new Map<string, string>();
  const warnings: string[] = [];
  for (const [key, value] of flatten(table)) {
    if (idleKeys.includes(key)) warnings.push(`${file}: ${key} has no effect in this version.`);
    else if (!knownKeys.includes(key)) warnings.push(`${file}: there is no setting ${key}${suggestion(key)}`);
    else values.set(key, valueText(key, value, file));
  }
  return { values, warnings };
}

/** Tables within tables as dotted keys. */
function flatten(table: Record<string, unknown>, prefix = ""): [string, unknown][] {
  return Object.entries(table).flatMap(([name, value]) => {
    const key = prefix + name;
    return isTable(value) ? flatten(value, `${key}.`) : [[key, value] as [string, unknown]];
  });
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function valueText(key: string, value: unknown, file: string): string {
  const values = Array.isArray(value) ? value : [value];
  if (!values.every((one) => ["string", "number", "bigint", "boolean"].includes(typeof one))) {
    throw new UsageError(`${key} in ${file} must be a text, a number, true or false, or an array of texts.`);
  }
  const text = values.map(String).join(",");
  return key === "models.dir" ? folderText(text, file) : text;
}

/** In a file there is no shell that knows the home folder, and no working directory. */
function folderText(text: string, file: string): string {
  return /^~[/\\]/.test(text) ? path.join(homedir(), text.slice(2)) : path.resolve(path.dirname(file), text);
}

/** What is to be said after "there is no setting KEY". */
export function suggestion(key: string): string {
  const [near] = nearMatches(key, knownKeys);
  return near === undefined ? "." : `; did you mean ${near}?`;
}
