/** `izwi config`: shows and changes the configuration file. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, realpath, rename, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import type { ConfigAction } from "../args/config.js";
import type { OutputFormat } from "../args/options.js";
import { tomlText, withValue } from "../config-edit.js";
import type { TomlValue } from "../config-edit.js";
import { configFile, readConfig, suggestion } from "../config-file.js";
import { configKeys, findConfigKey } from "../config-keys.js";
import type { ConfigKey } from "../config-keys.js";
import { effectiveSettings } from "../config-values.js";
import { canAsk, confirm } from "../confirm.js";
import { ExitCode } from "../exit-code.js";
import { errorCode, UsageError } from "../failure.js";
import { columns } from "../output/columns.js";
import { printResult } from "../output/result.js";
import { harmless } from "../printer.js";
import { parseBoolean, parseList } from "../values.js";
import type { CommandContext } from "./context.js";

export type ConfigSettings = ConfigAction & { askedFor: string | undefined; format: OutputFormat };

export async function configCommand(settings: ConfigSettings, context: CommandContext): Promise<ExitCode> {
  const { printer, env } = context;
  const { file } = configFile(settings.askedFor, env);
  switch (settings.action) {
    case "path":
      printResult(printer, settings.format, {
        value: { path: file, exists: existsSync(file) },
        table: () => `${file}\n`,
      });
      return ExitCode.ok;
    case "show":
      return show(settings, file, context);
    case "get":
      return get(settings.key, settings, context);
    case "set":
      return change(settings.key, toToml(known(settings.key), settings.value), file, context);
    case "unset":
      return change(settings.key, undefined, file, context);
    case "edit":
      return edit(file, settings, context);
    case "reset":
      return reset(file, settings.yes, context);
  }
}

async function show(settings: ConfigSettings, file: string, context: CommandContext): Promise<ExitCode> {
  const { printer, env } = context;
  const config = await readConfig(existsSync(file) ? settings.askedFor : undefined, present(file, env));
  const { values, problems } = effectiveSettings(config, env);
  const listed = values.map((one) => ({
    ...one,
    value: one.secret && one.value !== undefined ? "********" : one.value,
  }));
  printResult(printer, settings.format, {
    value: {
      file,
      exists: config.file !== undefined,
      settings: Object.fromEntries(listed.map(({ key, value, source }) => [key, { value: value ?? null, source }])),
      problems: [...config.warnings, ...problems],
    },
    table: () =>
      columns(
        ["KEY", "VALUE", "FROM"],
        listed.map(({ key, value, source }) => [key, value ?? "", source]),
      ),
    plain: () => listed.map(({ key, value }) => (value === undefined ? "" : `${key}=${harmless(value)}\n`)).join(""),
  });
  for (const problem of [...config.warnings, ...problems]) printer.notice(harmless(problem));
  printer.talk(`The file is ${file}${config.file === undefined ? ", which isn't there yet" : ""}.`);
  return problems.length > 0 ? ExitCode.failure : ExitCode.ok;
}

/** The environment without a file that isn't there, because a person who looks at the settings may not have one yet. */
function present(file: string, env: CommandContext["env"]): CommandContext["env"] {
  return existsSync(file) ? env : { ...env, IZWI_CONFIG: undefined };
}

async function get(key: string, settings: ConfigSettings, { printer, env }: CommandContext): Promise<ExitCode> {
  known(key);
  const { values } = effectiveSettings(await readConfig(settings.askedFor, env), env);
  const { value, source } = values.find((one) => one.key === key)!;
  if (value === undefined) {
    printer.fail({ message: `${key} isn't set.`, hint: `Set it with: izwi config set ${key} VALUE` });
    return ExitCode.failure;
  }
  printResult(printer, settings.format, { value: { key, value, source }, table: () => `${value}\n` });
  return ExitCode.ok;
}

function known(key: string): ConfigKey {
  const found = findConfigKey(key);
  if (found !== undefined) return found;
  throw new UsageError(`There is no setting ${key}${suggestion(key)} 'izwi config show' lists them.`);
}

/** Checks the value as the commands that use it will. */
function toToml({ key, type, check }: ConfigKey, text: string): TomlValue {
  if (text.trim() === "") throw new UsageError(`${key} must not be empty; to take it away: izwi config unset ${key}`);
  check(key, text);
  switch (type) {
    case "number":
      return Number(text);
    case "boolean":
      return parseBoolean(key, text);
    case "list":
      return parseList(text);
    case "text":
      return text;
  }
}

async function change(
  key: string,
  value: TomlValue | undefined,
  file: string,
  { printer }: CommandContext,
): Promise<ExitCode> {
  const { secret } = known(key);
  const { parse } = await import("smol-toml");
  const before = await textOf(file);
  try {
    parse(before);
  } catch (error) {
    const [what] = (error as Error).message.split("\n");
    throw new UsageError(
      `${file} isn't valid TOML, so that nothing was changed: ${what} Mend it with: izwi config edit`,
    );
  }
  const after = withValue(before, key, value, parse);
  if (after === undefined) {
    throw new Error(`${file} is written in a way that ${key} can't be changed in it by itself: use izwi config edit.`);
  }
  await write(file, after, secret === true);
  const what = value === undefined ? `${key} isn't set any more` : `${key} = ${secret ? "********" : tomlText(value)}`;
  printer.talk(harmless(`${what} (${file})`));
  return ExitCode.ok;
}

async function textOf(file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).replace(/^\ufeff/, "");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return "";
    throw new Error(`${file} can't be read (${errorCode(error) ?? String(error)}).`, { cause: error });
  }
}

/** Whole or not at all; keeps the file's permissions, and a link stays one. A key is for its owner's eyes only. */
async function write(file: string, text: string, secret: boolean): Promise<void> {
  try {
    await mkdir(path.dirname(file), { recursive: true });
    const target = await realpath(file).catch(() => file);
    const mode = await stat(target).then(
      (found) => found.mode & 0o777,
      () => 0o644,
    );
    const temporary = `${target}.${process.pid}.new`;
    await writeFile(temporary, text, { mode: 0o600 });
    await chmod(temporary, secret ? mode & 0o600 : mode);
    await rename(temporary, target);
  } catch (error) {
    throw new Error(`${file} can't be written (${errorCode(error) ?? String(error)}).`, { cause: error });
  }
}

async function edit(file: string, { askedFor }: ConfigSettings, context: CommandContext): Promise<ExitCode> {
  const { printer, env } = context;
  if (!existsSync(file)) await write(file, template(), false);
  const usual = process.platform === "win32" ? "notepad" : "vi";
  const editor = env["VISUAL"]?.trim() || env["EDITOR"]?.trim() || usual;
  // Through the shell, because people write EDITOR="code --wait".
  const quoted = process.platform === "win32" ? `"${file}"` : `'${file.replaceAll("'", `'\\''`)}'`;
  const editing = spawn(`${editor} ${quoted}`, { shell: true, stdio: "inherit" });
  const code = await new Promise<number | null>((resolve) => {
    editing.once("error", () => resolve(null));
    editing.once("exit", resolve);
  });
  if (code !== 0) {
    printer.fail({
      message: `The editor '${harmless(editor)}' failed.`,
      hint: `Set EDITOR to another, or edit ${file}.`,
    });
    return ExitCode.failure;
  }
  const config = await readConfig(askedFor ?? file, env);
  const { problems } = effectiveSettings(config, {});
  for (const problem of [...config.warnings, ...problems]) printer.notice(harmless(problem));
  return problems.length > 0 ? ExitCode.failure : ExitCode.ok;
}

/** Every setting with its default, none of them in force. */
function template(): string {
  const lines = ["# Izwi's settings. Flags and the environment win over them."];
  let table = "";
  for (const { key, type, fallback } of configKeys) {
    const [section = "", name = ""] = key.split(".");
    if (section !== table) lines.push("", `[${section}]`);
    table = section;
    const example = { text: '""', number: "", boolean: "", list: "[]" }[type];
    const value = fallback === undefined ? example : type === "text" ? tomlText(fallback) : fallback;
    lines.push(`# ${name} = ${value}`.trimEnd());
  }
  return `${lines.join("\n")}\n`;
}

async function reset(file: string, yes: boolean, context: CommandContext): Promise<ExitCode> {
  const { printer, stop } = context;
  if (!existsSync(file)) {
    printer.talk(`There is no ${file}: the defaults hold already.`);
    return ExitCode.ok;
  }
  const aside = `${file}.bak`;
  if (!yes) {
    if (!canAsk(context)) throw new UsageError("Nobody is there to be asked: give --yes to reset.");
    const sure = await confirm(`Put ${file} aside?`, context);
    if (!sure) return stop.signal.aborted ? stop.exitCode : ExitCode.failure;
  }
  await rename(file, aside);
  printer.talk(`The defaults hold. What was set is in ${aside}.`);
  return ExitCode.ok;
}
