/** `izwi config` and its commands as typed. */
import type { Command } from "commander";
import { addCommonOptions, nonEmpty } from "./options.js";

export type ConfigAction =
  | { action: "show" | "edit" | "path" }
  | { action: "get" | "unset"; key: string }
  | { action: "set"; key: string; value: string }
  | { action: "reset"; yes: boolean };

const afterHelp = `
KEY is a table's and a setting's name, such as server.port or defaults.model; 'izwi config show' has them all. A list
is separated by commas. Comments in the file stay.

Examples:
  izwi config set defaults.model qwen3-4b
  izwi config set server.cors_origins http://localhost:5173,http://localhost:3000
  izwi config get server.port`;

export function addConfig(program: Command, done: (flags: ConfigAction, command: Command) => void): void {
  const config = program.command("config").description("show and change the settings").addHelpText("after", afterHelp);
  addCommonOptions(config, "-v, --verbose");
  const sub = (name: string, description: string) => {
    const command = config.command(name).description(description);
    addCommonOptions(command, "-v, --verbose");
    return command;
  };
  const key = ["<key>", "which setting", nonEmpty("KEY")] as const;

  const show = sub("show", "all settings, their values, and where each comes from");
  show.action(() => done({ action: "show" }, show));
  const get = sub("get", "print one setting's value").argument(...key);
  get.action((key: string) => done({ action: "get", key }, get));
  const set = sub("set", "change one setting in the file")
    .argument(...key)
    .argument("<value>", "its new value");
  set.action((key: string, value: string) => done({ action: "set", key, value }, set));
  const unset = sub("unset", "take one setting out of the file").argument(...key);
  unset.action((key: string) => done({ action: "unset", key }, unset));
  const edit = sub("edit", "open the file in $VISUAL, $EDITOR or the system's editor");
  edit.action(() => done({ action: "edit" }, edit));
  const reset = sub("reset", "put the file aside, so that the defaults hold").option("-y, --yes", "don't ask");
  reset.action(() => done({ action: "reset", yes: Boolean(reset.opts()["yes"]) }, reset));
  const path = sub("path", "print where the file is");
  path.action(() => done({ action: "path" }, path));
}
