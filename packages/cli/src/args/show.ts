/** `izwi show` as typed. */
import type { Command } from "commander";
import { addCommonOptions, nonEmpty } from "./options.js";

export interface ShowFlags {
  model: string;
  verify: boolean;
  json: boolean;
}

export function addShow(program: Command, done: (flags: ShowFlags, command: Command) => void): void {
  addShowAs(program, "show", done);
}

/** The same command below another one: `izwi models info`. */
export function addShowAs(parent: Command, name: string, done: (flags: ShowFlags, command: Command) => void): void {
  const show = parent
    .command(name)
    .description("tell all about one model, installed or not")
    .argument("<model>", "which one", nonEmpty("MODEL"))
    .option("--verify", "read the file to its end and compare its SHA-256")
    .option("--json", "the same as --output-format json");
  addCommonOptions(show, "-v, --verbose");
  show.action((model: string) => {
    const { verify = false, json = false } = show.opts();
    done({ model, verify, json }, show);
  });
}
