import { signal } from "@preact/signals";
import type { Conversation } from "../conversation/conversation.js";
import type { Message } from "../conversation/message.js";
import { conversationStore } from "../storage/conversation-store.js";
import { notify } from "./notices.js";

/** Every stored conversation. */
export const conversations = signal<readonly Conversation[]>([]);

/** The page's other windows, which show the same conversations. */
const otherWindows = typeof BroadcastChannel === "undefined" ? undefined : new BroadcastChannel("izwi-chat");

let storageFailed = false;

/** Stores something; a browser that stores nothing is told of once, and the page goes on without. */
async function storing<Result>(work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work;
  } catch (error) {
    if (!storageFailed) {
      const why = error instanceof Error ? error.message : String(error);
      notify(`This browser doesn't keep conversations, so they are gone when you leave. (${why})`, { kind: "error" });
    }
    storageFailed = true;
    return undefined;
  }
}

export async function loadLibrary(): Promise<void> {
  conversations.value = (await storing(conversationStore.list())) ?? conversations.peek();
}

/** Calls back with the conversation that another window changed. */
export function watchOtherWindows(onChange: (conversationId: string) => void): void {
  otherWindows?.addEventListener("message", ({ data }: MessageEvent<string>) => {
    void loadLibrary().then(() => onChange(data));
  });
}

function tellOtherWindows(conversationId: string): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has but one origin, the page's own
  otherWindows?.postMessage(conversationId);
}

/** Stores a conversation, with messages of it. */
export async function store(conversation: Conversation, messages: readonly Message[] = []): Promise<void> {
  const others = conversations.peek().filter(({ id }) => id !== conversation.id);
  conversations.value = [conversation, ...others];
  await storing(conversationStore.save(conversation, messages));
  tellOtherWindows(conversation.id);
}

/** Stores what there is of an answer that is still being written. */
export async function storeProgress(message: Message): Promise<void> {
  await storing(conversationStore.saveMessage(message));
}

export async function messagesOf(conversationId: string): Promise<Message[]> {
  return (await storing(conversationStore.messages(conversationId))) ?? [];
}

/** Deletes a conversation and returns its messages. */
export async function remove(conversation: Conversation): Promise<Message[]> {
  conversations.value = conversations.peek().filter(({ id }) => id !== conversation.id);
  const messages = (await storing(conversationStore.remove(conversation.id))) ?? [];
  tellOtherWindows(conversation.id);
  return messages;
}

/** Deletes a conversation's messages and returns them. */
export async function clearMessages(conversation: Conversation): Promise<Message[]> {
  const others = conversations.peek().filter(({ id }) => id !== conversation.id);
  conversations.value = [conversation, ...others];
  const messages = (await storing(conversationStore.clear(conversation))) ?? [];
  tellOtherWindows(conversation.id);
  return messages;
}

export async function search(text: string): Promise<ReadonlySet<string>> {
  return (await storing(conversationStore.search(text))) ?? new Set();
}
