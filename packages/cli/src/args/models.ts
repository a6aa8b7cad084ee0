/** `izwi list`, and `izwi models` with its commands, as typed. */
import type { Command } from "commander";
import { addCommonOptions } from "./options.js";
import { addShowAs } from "./show.js";
import type { ShowFlags } from "./show.js";
import { addServerModels } from "./status.js";
import type { ServerModelFlags } from "./status.js";

export interface ListFlags {
  /** Only what is installed. */
  local: boolean;
  detailed: boolean;
  json: boolean;
}

export function addList(program: Command, done: (flags: ListFlags, command: Command) => void): void {
  addListAs(program, "list", done);
}

export function addModels(
  program: Command,
  list: (flags: ListFlags, command: Command) => void,
  show: (flags: ShowFlags, command: Command) => void,
  onServer: (flags: ServerModelFlags, command: Command) => void,
): void {
  const models = program
    .command("models")
    .alias("model")
    .description("list models, tell all about one, have a server load one");
  addCommonOptions(models, "-v, --verbose");
  addListAs(models, "list", list);
  addShowAs(models, "info", show);
  addServerModels(models, onServer);
}

function addListAs(parent: Command, name: string, done: (flags: ListFlags, command: Command) => void): void {
  const list = parent
    .command(name)
    .alias("ls")
    .description("list the models on this machine, and those that can be pulled by name")
    .option("-l, --local", "only those on this machine")
    .option("-d, --detailed", "also memory, licence and where the file is or comes from")
    .option("--json", "the same as --output-format json");
  addCommonOptions(list, "-v, --verbose");
  list.action(() => {
    const { local = false, detailed = false, json = false } = list.opts();
    done({ local, detailed, json }, list);
  });
}
