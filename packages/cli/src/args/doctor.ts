/** `izwi doctor` as typed. */
import type { Command } from "commander";
import { addCommonOptions } from "./options.js";

export interface DoctorFlags {
  json: boolean;
}

const afterHelp = `
Speeds are predicted from the memory's measured bandwidth, before anything is downloaded; they are of the order, not
exact. Exit code 1 says that something has to be mended.`;

export function addDoctor(program: Command, done: (flags: DoctorFlags, command: Command) => void): void {
  const doctor = program
    .command("doctor")
    .description("check the machine and the settings, and say what to do about what is wrong")
    .option("--json", "the same as --output-format json")
    .addHelpText("after", afterHelp);
  addCommonOptions(doctor, "-v, --verbose");
  doctor.action(() => done({ json: Boolean(doctor.opts()["json"]) }, doctor));
}
