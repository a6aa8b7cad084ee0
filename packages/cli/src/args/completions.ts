/** `izwi completions` as typed. */
import { Argument } from "commander";
import type { Command } from "commander";
import { shells } from "../completion/scripts.js";
import type { Shell } from "../completion/scripts.js";
import { addCommonOptions } from "./options.js";

const afterHelp = `
Examples:
  eval "$(izwi completions bash)"                                    in ~/.bashrc
  eval "$(izwi completions zsh)"                                     in ~/.zshrc, after compinit
  izwi completions fish > ~/.config/fish/completions/izwi.fish
  izwi completions powershell | Out-String | Invoke-Expression       in $PROFILE`;

export function addCompletions(program: Command, done: (shell: Shell, command: Command) => void): void {
  const completions = program
    .command("completions")
    .description("print what lets a shell complete izwi's commands")
    .addArgument(new Argument("<shell>", "which shell").choices(shells))
    .addHelpText("after", afterHelp);
  addCommonOptions(completions, "-v, --verbose");
  completions.action((shell: Shell) => done(shell, completions));
}
