import { nearMatches } from "../near-match.js";

export type SessionCommand =
  | { name: "exit" | "clear" | "help" | "think" | "no-think" | "retry" | "model" }
  /** Without a text: show it. An empty text: remove it. */
  | { name: "system"; text?: string }
  | { name: "stats"; on?: boolean }
  /** Without an option: show all. Without a value: back to the default. */
  | { name: "set"; option?: string; value?: string }
  | { name: "mistake"; message: string };

/** Every word that is a command, and the command it is. Only the first four need no slash. */
const words: Record<string, SessionCommand["name"]> = {
  exit: "exit",
  quit: "exit",
  clear: "clear",
  help: "help",
  q: "exit",
  bye: "exit",
  "?": "help",
  system: "system",
  think: "think",
  "no-think": "no-think",
  set: "set",
  stats: "stats",
  retry: "retry",
  model: "model",
};
const bareWords = new Set(["exit", "quit", "clear", "help"]);

export const helpText = `Commands (with or without the slash, in any case):
  exit, quit          leave; also Ctrl+D, /q, /bye
  clear               forget the conversation
  help                this list
With the slash:
  /system [TEXT]      show or change the system prompt; /system none removes it
  /think, /no-think   let the model think before it answers, or not
  /set [NAME VALUE]   show or change a setting: /set temperature 0.5; "default" resets it
  /retry              ask the last question again
  /stats [on|off]     figures of the last answer; on: after every answer
  /model              what model this is
Ctrl+C stops an answer; twice leaves. A line that ends with \\ goes on in the next; """ begins and ends a message of
several lines.`;

/**
 * The command that a line is, or undefined for a message. A bare word is a command only when it is the whole line:
 * "exit strategies?" is a message.
 */
export function parseCommand(line: string): SessionCommand | undefined {
  const text = line.trim();
  const bare = text.toLowerCase();
  if (bareWords.has(bare)) return { name: words[bare] as "exit" | "clear" | "help" };
  const [, word, rest] = /^\/(\S+)\s*([^]*)$/.exec(text) ?? [];
  if (word === undefined || rest === undefined) return undefined;
  const typed = word.toLowerCase();
  const name = Object.hasOwn(words, typed) ? words[typed] : undefined;
  return name === undefined ? unknown(word) : withArguments(name, word, rest);
}

function withArguments(name: SessionCommand["name"], word: string, rest: string): SessionCommand {
  switch (name) {
    case "system":
      return systemCommand(rest);
    case "stats":
      return statsCommand(rest.toLowerCase());
    case "set":
      return setCommand(rest);
    case "help":
      return { name };
    case "mistake":
      return unknown(word);
    default:
      return rest === "" ? { name } : mistake(`/${word} takes nothing after it.`);
  }
}

function systemCommand(rest: string): SessionCommand {
  if (rest === "") return { name: "system" };
  return { name: "system", text: rest.toLowerCase() === "none" ? "" : unquoted(rest) };
}

function statsCommand(rest: string): SessionCommand {
  if (rest === "") return { name: "stats" };
  if (rest === "on" || rest === "off") return { name: "stats", on: rest === "on" };
  return mistake("/stats takes on or off, or nothing.");
}

function setCommand(rest: string): SessionCommand {
  if (rest === "") return { name: "set" };
  const [option = "", value, ...more] = rest.split(/[\s=]+/);
  if (value === undefined || value === "" || more.length > 0) {
    return mistake("Write a name and a value: /set temperature 0.5");
  }
  return { name: "set", option, ...(value.toLowerCase() !== "default" && { value }) };
}

function unquoted(text: string): string {
  return /^"[^]*"$/.test(text) && text.length > 1 ? text.slice(1, -1).trim() : text;
}

function unknown(word: string): SessionCommand {
  const [near] = nearMatches(word, Object.keys(words));
  const suggestion = near === undefined ? "Type help for the list." : `Did you mean /${near}?`;
  return mistake(`There is no command /${word}. ${suggestion} To send it as a message, put it between """ and """.`);
}

function mistake(message: string): SessionCommand {
  return { name: "mistake", message };
}
