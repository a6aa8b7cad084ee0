/** `izwi rm` as typed. */
import type { Command } from "commander";
import { addCommonOptions, collector } from "./options.js";

export interface RmFlags {
  models: string[];
  yes: boolean;
}

export function addRm(program: Command, done: (flags: RmFlags, command: Command) => void): void {
  const rm = program
    .command("rm")
    .alias("remove")
    .description("delete downloaded models, or what an interrupted download has left")
    .argument("<model...>", "which ones, by the names that 'izwi list' shows", collector("MODEL"))
    .option("-y, --yes", "don't ask");
  addCommonOptions(rm, "-v, --verbose");
  rm.action((models: string[]) => done({ models, yes: Boolean(rm.opts()["yes"]) }, rm));
}
