/** What the commands of a session do, other than leaving and asking again. */
import type { EndEvent } from "@izwi/core";
import type { Conversation } from "../conversation.js";
import { UsageError } from "../failure.js";
import { nearMatches } from "../near-match.js";
import { parseNumber, samplingOptions } from "../number-options.js";
import type { Printer } from "../printer.js";
import { formatStats } from "../stats.js";
import { helpText } from "./commands.js";
import type { SessionCommand } from "./commands.js";

export class SessionCommands {
  readonly #conversation: Conversation;
  readonly #printer: Printer;
  readonly #modelText: string;
  statsOn: boolean;
  lastEnd: EndEvent | undefined;
  lastQuestion: string | undefined;

  constructor(options: { conversation: Conversation; printer: Printer; modelText: string; stats: boolean }) {
    this.#conversation = options.conversation;
    this.#printer = options.printer;
    this.#modelText = options.modelText;
    this.statsOn = options.stats;
  }

  run(command: Exclude<SessionCommand, { name: "exit" | "retry" }>): void {
    switch (command.name) {
      case "help":
        return this.#say(helpText);
      case "clear":
        this.#conversation.clear();
        this.lastQuestion = undefined;
        return this.#say("Conversation history cleared.");
      case "think":
      case "no-think":
        this.#conversation.thinking = command.name === "think";
        return this.#say(
          command.name === "think" ? "The model thinks before it answers." : "The model answers at once.",
        );
      case "model":
        return this.#say(this.#modelText);
      case "system":
        return this.#system(command.text);
      case "stats":
        return this.#stats(command.on);
      case "set":
        return this.#set(command.option, command.value);
      case "mistake":
        return this.#say(command.message);
    }
  }

  #system(text: string | undefined): void {
    if (text !== undefined) this.#conversation.system = text === "" ? undefined : text;
    const { system } = this.#conversation;
    const changed = text === undefined ? "" : " The conversation goes on; 'clear' starts afresh.";
    this.#say((system === undefined ? "There is no system prompt." : `System prompt: ${system}`) + changed);
  }

  #stats(on: boolean | undefined): void {
    if (on !== undefined) {
      this.statsOn = on;
      return this.#say(on ? "Figures follow every answer." : "No figures after answers.");
    }
    this.#say(this.lastEnd === undefined ? "No answer was completed yet." : formatStats(this.lastEnd));
  }

  #set(name: string | undefined, value: string | undefined): void {
    const { sampling } = this.#conversation;
    if (name === undefined) {
      const lines = samplingOptions.map((option) => `  ${option.name} = ${sampling[option.key] ?? "default"}`);
      return this.#say(["Settings (default = what Qwen3 recommends):", ...lines].join("\n"));
    }
    // People write top-k, top_k and topK.
    const plain = (text: string) => text.toLowerCase().replace(/[-_]/g, "");
    const option = samplingOptions.find((candidate) => plain(candidate.name) === plain(name));
    if (option === undefined) {
      const names = samplingOptions.map((candidate) => candidate.name);
      const [near] = nearMatches(name, names);
      return this.#say(
        `There is no setting '${name}'. ${near ? `Did you mean ${near}?` : `There are: ${names.join(", ")}.`}`,
      );
    }
    if (value === undefined) {
      delete sampling[option.key];
      return this.#say(`${option.name} = default`);
    }
    try {
      sampling[option.key] = parseNumber(option.name, value, option);
      this.#say(`${option.name} = ${sampling[option.key]}`);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      this.#say(error.message);
    }
  }

  #say(text: string): void {
    this.#printer.notice(text);
  }
}
