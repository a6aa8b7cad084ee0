import { batch } from "@preact/signals";
import { newConversation, titleOf, UNTITLED, type Conversation } from "../conversation/conversation.js";
import { newId, nextTime, type Message } from "../conversation/message.js";
import { fileName, fromSessionFile, toSessionFile } from "../conversation/session-file.js";
import { pathTo } from "../conversation/tree.js";
import type { Overflow } from "../conversation/window.js";
import { liveAnswers, writeAnswer } from "./answering.js";
import { clearMessages, messagesOf, remove, store } from "./library.js";
import { notify } from "./notices.js";
import { change, chat, messages, openChat, path, showMessages, startChat } from "./open-chat.js";
import { go, route } from "./router.js";

/** Asks a question at the end of the open conversation. */
export async function send(text: string): Promise<void> {
  const content = text.trim();
  if (content === "" || liveAnswers.peek().has(chat.peek().id)) return;
  await ask(content, chat.peek().leafId);
}

/** Asks an edited question: a branch beside the one that it was edited from. */
export async function edit(question: Message, text: string): Promise<void> {
  const content = text.trim();
  if (content === "" || liveAnswers.peek().has(question.conversationId)) return;
  await ask(content, question.parentId);
}

async function ask(content: string, parentId: string | null): Promise<void> {
  const conversation = chat.peek();
  const question: Message = {
    ...{ id: newId(), conversationId: conversation.id, parentId },
    ...{ role: "user", content, createdAt: nextTime() },
  };
  const isFirst = parentId === null && conversation.renamed !== true;
  await answer(isFirst ? { ...conversation, title: titleOf(content) } : conversation, question, [question]);
}

/** Asks for another answer to the same question, beside the one there is. */
export async function regenerate(answerBefore: Message, overflow?: Overflow): Promise<void> {
  const question = answerBefore.parentId === null ? undefined : messages.peek().get(answerBefore.parentId);
  if (question === undefined || liveAnswers.peek().has(question.conversationId)) return;
  // One that never came isn't worth a branch.
  const failed = answerBefore.content === "" && answerBefore.error !== undefined;
  await answer(chat.peek(), question, [], { id: failed ? answerBefore.id : newId(), overflow });
}

async function answer(
  conversation: Conversation,
  question: Message,
  added: readonly Message[],
  { id = newId(), overflow }: { id?: string; overflow?: Overflow | undefined } = {},
): Promise<void> {
  const target: Message = {
    ...{ id, conversationId: conversation.id, parentId: question.id },
    ...{ role: "assistant", content: "", createdAt: nextTime() },
  };
  const saving = batch(() => {
    const saving = change(conversation, { leafId: id, updatedAt: Date.now() }, [...added, target]);
    if (route.peek().page === "chat") go({ page: "chat", conversationId: conversation.id });
    return saving;
  });
  const writing = writeAnswer(conversation, messages.peek(), target, overflow);
  await saving;
  await writing;
}

/** Lets an answer go on that was stopped, cut at its longest, or interrupted. */
export async function continueAnswer(cut: Message, overflow?: Overflow): Promise<void> {
  if (liveAnswers.peek().has(cut.conversationId)) return;
  await writeAnswer(chat.peek(), messages.peek(), cut, overflow);
}

/** Asks again, this time without the oldest messages, or with a summary in their place. */
export async function makeRoom(failed: Message, overflow: Overflow): Promise<void> {
  if (failed.content === "") await regenerate(failed, overflow);
  else await continueAnswer(failed, overflow);
}

/** Lets the model have all of the conversation again. */
export function sendAll(): void {
  const { window: _, ...rest } = chat.peek();
  void change(rest, {});
}

/** Empties the open conversation, which "Undo" brings back. */
export async function clearChat(): Promise<void> {
  const before = chat.peek();
  if (messages.peek().size === 0) return;
  liveAnswers.peek().get(before.id)?.stop();
  const { renamed: _, window: _window, ...kept } = before;
  const emptied: Conversation = { ...kept, title: UNTITLED, leafId: null };
  batch(() => {
    chat.value = emptied;
    messages.value = new Map();
  });
  const removed = await clearMessages(emptied);
  const undo = async () => {
    await store(before, removed);
    if (chat.peek().id !== before.id) return;
    chat.value = before;
    showMessages(removed);
  };
  notify("Chat cleared", { action: { label: "Undo", run: () => void undo() } });
}

/** Deletes a conversation, which "Undo" brings back. */
export async function deleteChat(conversation: Conversation): Promise<void> {
  liveAnswers.peek().get(conversation.id)?.stop();
  const removed = await remove(conversation);
  const wasOpen = chat.peek().id === conversation.id;
  if (wasOpen) startChat();
  const undo = async () => {
    await store(conversation, removed);
    if (wasOpen) go({ page: "chat", conversationId: conversation.id });
  };
  notify(`“${conversation.title}” deleted`, { action: { label: "Undo", run: () => void undo() } });
}

export async function renameChat(conversation: Conversation, title: string): Promise<void> {
  const trimmed = title.trim();
  if (trimmed !== "" && trimmed !== conversation.title) await change(conversation, { title: trimmed, renamed: true });
}

/** Saves a conversation's shown branch as a file of the SDK's sessions. */
export async function exportChat(conversation: Conversation): Promise<void> {
  const all = new Map((await messagesOf(conversation.id)).map((message) => [message.id, message]));
  const text = toSessionFile(conversation, pathTo(all, conversation.leafId));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = fileName(conversation.title);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Reads sessions' files as new conversations, and opens the last one. */
export async function importChats(files: readonly File[]): Promise<void> {
  let opened: string | undefined;
  for (const file of files) {
    try {
      const { conversation, messages: imported } = fromSessionFile(await file.text(), file.name);
      await store(conversation, imported);
      opened = conversation.id;
    } catch (error) {
      notify(`${file.name}: ${error instanceof Error ? error.message : "can't be read"}`, { kind: "error" });
    }
  }
  if (opened !== undefined && (await openChat(opened))) go({ page: "chat", conversationId: opened });
}

/** A new conversation with this one's messages up to one of them. */
export async function branchOff(message: Message): Promise<void> {
  const source = chat.peek();
  const upTo = pathTo(messages.peek(), message.id);
  const ids = new Map(upTo.map(({ id }) => [id, newId()]));
  const { window, ...rest } = source;
  const after = window && ids.get(window.after);
  const branch = newConversation({
    ...rest,
    ...(after !== undefined && { window: { ...window, after } }),
    title: `${source.title} (branch)`,
    renamed: true,
  });
  const copies = upTo.map((each) => ({
    ...each,
    id: ids.get(each.id)!,
    parentId: each.parentId === null ? null : (ids.get(each.parentId) ?? null),
    conversationId: branch.id,
  }));
  await store({ ...branch, leafId: copies.at(-1)?.id ?? null }, copies);
  await openChat(branch.id);
  go({ page: "chat", conversationId: branch.id });
  notify("The conversation goes on in a branch of its own.");
}

/** The newest answer on the page. */
export function lastAnswer(): Message | undefined {
  return path.peek().findLast(({ role }) => role === "assistant");
}
