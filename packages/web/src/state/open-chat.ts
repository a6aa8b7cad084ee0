import { computed, signal } from "@preact/signals";
import { newConversation, type Conversation } from "../conversation/conversation.js";
import type { Message } from "../conversation/message.js";
import type { ChatSettings } from "../conversation/settings.js";
import { leafOf, pathTo, type Messages } from "../conversation/tree.js";
import { lastModel, lastSettings, lastSystem } from "../storage/preferences.js";
import { conversations, messagesOf, store } from "./library.js";
import { load } from "./models.js";
import { go } from "./router.js";

/** The conversation on the page. A new one is stored with its first message. */
export const chat = signal<Conversation>(fresh());
export const messages = signal<Messages>(new Map());

/** The branch on the page. */
export const path = computed(() => pathTo(messages.value, chat.value.leafId));

export const isStored = computed(() => conversations.value.some(({ id }) => id === chat.value.id));

function fresh(): Conversation {
  const model = lastModel.peek();
  const { seed: _, ...settings } = lastSettings.peek();
  return newConversation({ ...(model !== null && { model }), system: lastSystem.peek(), settings });
}

/** An empty conversation with the choices made last. */
export function startChat(): void {
  const unused = messages.peek().size === 0 && !isStored.peek();
  if (!unused) {
    chat.value = fresh();
    messages.value = new Map();
  }
  go({ page: "chat", conversationId: undefined });
}

/** Shows a stored conversation. False where there is none of that id. */
export async function openChat(id: string): Promise<boolean> {
  const conversation = conversations.peek().find((each) => each.id === id);
  if (conversation === undefined) return false;
  if (chat.peek().id === id && messages.peek().size > 0) return true;
  const stored = await messagesOf(id);
  chat.value = conversation;
  messages.value = new Map(stored.map((message) => [message.id, message]));
  return true;
}

/** Reads the open conversation again, after another window changed it. */
export async function reopen(): Promise<void> {
  const { id } = chat.peek();
  const conversation = conversations.peek().find((each) => each.id === id);
  if (conversation === undefined) return;
  const stored = await messagesOf(id);
  if (chat.peek().id !== id) return;
  chat.value = conversation;
  messages.value = new Map(stored.map((message) => [message.id, message]));
}

/** Shows what became of messages, where their conversation is the open one. */
export function showMessages(changed: readonly Message[]): void {
  const here = changed.filter(({ conversationId }) => conversationId === chat.peek().id);
  if (here.length === 0) return;
  const all = new Map(messages.peek());
  for (const message of here) all.set(message.id, message);
  messages.value = all;
}

/** A conversation as it is now, whether it's open or not. */
export function currentOf(id: string): Conversation | undefined {
  return chat.peek().id === id ? chat.peek() : conversations.peek().find((each) => each.id === id);
}

/** Changes a conversation on the page and in the store. */
export async function change(
  conversation: Conversation,
  changes: Partial<Conversation>,
  added: readonly Message[] = [],
): Promise<Conversation> {
  const changed = { ...conversation, ...changes };
  if (chat.peek().id === changed.id) chat.value = changed;
  showMessages(added);
  const stored = added.length > 0 || conversations.peek().some(({ id }) => id === changed.id);
  if (stored) await store(changed, added);
  return changed;
}

/** Shows the alternative that begins with this message. */
export function showBranch(message: Message): void {
  void change(chat.peek(), { leafId: leafOf(messages.peek(), message.id) });
}

export function chooseModel(id: string): void {
  lastModel.value = id;
  void change(chat.peek(), { model: id });
  void load(id);
}

/** For a model that isn't there any more: what it was chosen for goes on with another one. */
export function forgetModel(id: string): void {
  if (lastModel.peek() === id) lastModel.value = null;
  const { model, ...rest } = chat.peek();
  if (model === id) void change(rest, {});
}

export function setSystem(system: string): void {
  lastSystem.value = system;
  void change(chat.peek(), { system });
}

export function setSettings(settings: ChatSettings): void {
  lastSettings.value = settings;
  void change(chat.peek(), { settings });
}
