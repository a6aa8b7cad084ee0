import type { Message } from "./message.js";

/** A conversation's messages by id. Editing and regenerating add branches; nothing is lost by them. */
export type Messages = ReadonlyMap<string, Message>;

/** The messages from the first one to this one. */
export function pathTo(messages: Messages, leafId: string | null): Message[] {
  const path: Message[] = [];
  const seen = new Set<string>();
  for (let id = leafId; id !== null && !seen.has(id);) {
    const message = messages.get(id);
    if (message === undefined) break;
    seen.add(id);
    path.push(message);
    id = message.parentId;
  }
  return path.reverse();
}

/** A message and its alternatives, oldest first. */
export function alternativesOf(messages: Messages, message: Message): Message[] {
  return childrenOf(messages, message.parentId);
}

/** How many alternatives each message has, itself included, counted in one pass. */
export function numAlternatives(messages: Messages): Map<string | null, number> {
  const counts = new Map<string | null, number>();
  for (const { parentId } of messages.values()) counts.set(parentId, (counts.get(parentId) ?? 0) + 1);
  return counts;
}

/** The newest end of the branch that begins with this message. */
export function leafOf(messages: Messages, id: string): string {
  let leaf = id;
  const seen = new Set<string>();
  while (!seen.has(leaf)) {
    seen.add(leaf);
    const newest = childrenOf(messages, leaf).at(-1);
    if (newest === undefined) break;
    leaf = newest.id;
  }
  return leaf;
}

function childrenOf(messages: Messages, parentId: string | null): Message[] {
  const children = [...messages.values()].filter((message) => message.parentId === parentId);
  return children.sort((a, b) => a.createdAt - b.createdAt);
}
