import { withSetting } from "../conversation/settings.js";
import { copyText } from "../markdown/block-view.js";
import { clearChat, deleteChat, exportChat, lastAnswer, regenerate } from "../state/conversation-actions.js";
import { models } from "../state/models.js";
import { notify } from "../state/notices.js";
import { chat, chooseModel, isStored, setSettings, setSystem } from "../state/open-chat.js";
import { settingsOpen, shortcutsOpen } from "../state/view.js";
import { newChat } from "./sidebar.js";

export interface SlashCommand {
  name: string;
  /** What may follow the name. */
  argument?: string;
  hint: string;
  run: (argument: string) => void;
}

export const SLASH_COMMANDS: readonly SlashCommand[] = [
  { name: "new", hint: "Start a new chat", run: newChat },
  { name: "clear", hint: "Empty this chat", run: () => void clearChat() },
  { name: "model", argument: "name", hint: "Switch the model", run: switchModel },
  { name: "system", argument: "text", hint: "Set the system prompt", run: changeSystem },
  { name: "think", argument: "on | off", hint: "Let the model think first, or not", run: think },
  {
    name: "regenerate",
    hint: "Answer the last question again",
    run: () => withLastAnswer((answer) => void regenerate(answer)),
  },
  { name: "copy", hint: "Copy the last answer", run: () => withLastAnswer((answer) => void copy(answer.content)) },
  { name: "export", hint: "Save this chat as a file", run: () => ofStored(() => void exportChat(chat.peek())) },
  { name: "delete", hint: "Delete this chat", run: () => ofStored(() => void deleteChat(chat.peek())) },
  { name: "settings", hint: "Show or hide the settings", run: () => (settingsOpen.value = !settingsOpen.peek()) },
  { name: "help", hint: "Show the keyboard shortcuts", run: () => (shortcutsOpen.value = true) },
];

/** The commands that a text is the beginning of. */
export function matchingCommands(text: string): readonly SlashCommand[] {
  const name = /^\/([a-z]*)$/i.exec(text)?.[1]?.toLowerCase();
  return name === undefined ? [] : SLASH_COMMANDS.filter((command) => command.name.startsWith(name));
}

/** Runs a text that is a command. False where it's none, and so something to say to the model. */
export function runCommand(text: string): boolean {
  const [, name, argument = ""] = /^\/([a-z]+)(?:\s+([\s\S]*))?$/i.exec(text.trim()) ?? [];
  const command = SLASH_COMMANDS.find((each) => each.name === name?.toLowerCase());
  if (command === undefined || (argument !== "" && command.argument === undefined)) return false;
  command.run(argument.trim());
  return true;
}

function switchModel(argument: string): void {
  const plain = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, "");
  const fitting = models.peek().filter(({ id }) => plain(id).includes(plain(argument)));
  const exact = fitting.find(({ id }) => plain(id) === plain(argument));
  const chosen = exact ?? (fitting.length === 1 ? fitting[0] : undefined);
  if (argument !== "" && chosen) return chooseModel(chosen.id);
  const names = models.peek().map(({ id }) => id);
  notify(`Say which: /model NAME. There are: ${names.join(", ") || "none"}.`, { kind: "error" });
}

function changeSystem(argument: string): void {
  if (argument === "") {
    settingsOpen.value = true;
    return;
  }
  setSystem(argument);
  notify("The system prompt is set.");
}

function think(argument: string): void {
  const { settings } = chat.peek();
  const on = argument === "" ? settings.thinking === undefined || settings.thinking === false : argument !== "off";
  setSettings(withSetting(settings, "thinking", on ? true : undefined));
  notify(on ? "The model thinks before it answers." : "The model answers at once.");
}

function withLastAnswer(use: (answer: NonNullable<ReturnType<typeof lastAnswer>>) => void): void {
  const answer = lastAnswer();
  if (answer) use(answer);
  else notify("There is no answer yet.", { kind: "error" });
}

function ofStored(use: () => void): void {
  if (isStored.peek()) use();
  else notify("This chat is empty.", { kind: "error" });
}

async function copy(text: string): Promise<void> {
  notify((await copyText(text)) ? "Copied" : "The clipboard can't be used.");
}
