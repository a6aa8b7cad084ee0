/** `izwi status`, `izwi ps`, and `izwi models load|unload`, which ask a running server, as typed. */
import type { Command } from "commander";
import { addCommonOptions, nonEmpty, numberParser } from "./options.js";

export interface StatusFlags {
  detailed: boolean;
  /** Seconds between two looks. */
  watch?: number;
  json: boolean;
}

export type ServerModelFlags =
  { action: "load"; model: string; wait: boolean } | { action: "unload"; model: string; yes: boolean };

const afterHelp = `
The server is that of --server, else IZWI_SERVER, else http://localhost:8080; its key is IZWI_API_KEY's. Exit code 1
says that none answers.`;

export function addStatus(program: Command, done: (flags: StatusFlags, command: Command) => void): void {
  const status = program
    .command("status")
    .alias("info")
    .description("tell how the running server is")
    .option("-d, --detailed", "also what it computes with, times and tokens")
    .option(
      "-w, --watch <seconds>",
      "again every so many seconds, until Ctrl+C",
      numberParser("--watch", { integer: false, min: 0.2, max: 86_400 }),
    )
    .option("--json", "the same as --output-format json")
    .addHelpText("after", afterHelp);
  addCommonOptions(status, "-v, --verbose");
  status.action(() => {
    const { detailed = false, watch, json = false } = status.opts();
    done({ detailed, ...(watch !== undefined && { watch: Number(watch) }), json }, status);
  });
}

export function addPs(program: Command, done: (flags: { json: boolean }, command: Command) => void): void {
  const ps = program
    .command("ps")
    .description("list the models that the running server has loaded")
    .option("--json", "the same as --output-format json")
    .addHelpText("after", afterHelp);
  addCommonOptions(ps, "-v, --verbose");
  ps.action(() => done({ json: Boolean(ps.opts()["json"]) }, ps));
}

/** Below `izwi models`. */
export function addServerModels(models: Command, done: (flags: ServerModelFlags, command: Command) => void): void {
  const load = models
    .command("load")
    .description("have the running server load a model")
    .argument("<model>", "which one", nonEmpty("MODEL"))
    .option("-w, --wait", "until it is loaded")
    .addHelpText("after", afterHelp);
  addCommonOptions(load, "-v, --verbose");
  load.action((model: string) => done({ action: "load", model, wait: Boolean(load.opts()["wait"]) }, load));
  const unload = models
    .command("unload")
    .description("have the running server unload a model, or all")
    .argument("<model>", "which one, or all", nonEmpty("MODEL"))
    .option("-y, --yes", "don't ask before all are unloaded")
    .addHelpText("after", afterHelp);
  addCommonOptions(unload, "-v, --verbose");
  unload.action((model: string) => done({ action: "unload", model, yes: Boolean(unload.opts()["yes"]) }, unload));
}
