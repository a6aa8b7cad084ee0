import { openDB, type DBSchema, type IDBPDatabase } from "idb";
import type { Conversation } from "../conversation/conversation.js";
import type { Message } from "../conversation/message.js";

interface Schema extends DBSchema {
  conversations: { key: string; value: Conversation };
  messages: { key: string; value: Message; indexes: { conversationId: string } };
}

let opening: Promise<IDBPDatabase<Schema>> | undefined;

function database(): Promise<IDBPDatabase<Schema>> {
  opening ??= openDB<Schema>("izwi-chat", 1, {
    upgrade(db) {
      db.createObjectStore("conversations", { keyPath: "id" });
      db.createObjectStore("messages", { keyPath: "id" }).createIndex("conversationId", "conversationId");
    },
  });
  return opening;
}

/** The conversations of this browser. They are nowhere else. */
export const conversationStore = {
  async list(): Promise<Conversation[]> {
    return (await database()).getAll("conversations");
  },

  async messages(conversationId: string): Promise<Message[]> {
    return (await database()).getAllFromIndex("messages", "conversationId", conversationId);
  },

  /** Writes a conversation together with messages of it: both or neither. */
  async save(conversation: Conversation, messages: readonly Message[] = []): Promise<void> {
    const transaction = (await database()).transaction(["conversations", "messages"], "readwrite");
    void transaction.objectStore("conversations").put(conversation);
    for (const message of messages) void transaction.objectStore("messages").put(message);
    await transaction.done;
  },

  async saveMessage(message: Message): Promise<void> {
    await (await database()).put("messages", message);
  },

  /** Deletes a conversation and returns its messages, with which `save` can bring it back. */
  async remove(id: string): Promise<Message[]> {
    const transaction = (await database()).transaction(["conversations", "messages"], "readwrite");
    const store = transaction.objectStore("messages");
    const messages = await store.index("conversationId").getAll(id);
    for (const message of messages) void store.delete(message.id);
    void transaction.objectStore("conversations").delete(id);
    await transaction.done;
    return messages;
  },

  /** Deletes the messages alone, and returns them. */
  async clear(conversation: Conversation): Promise<Message[]> {
    const transaction = (await database()).transaction(["conversations", "messages"], "readwrite");
    const store = transaction.objectStore("messages");
    const messages = await store.index("conversationId").getAll(conversation.id);
    for (const message of messages) void store.delete(message.id);
    void transaction.objectStore("conversations").put(conversation);
    await transaction.done;
    return messages;
  },

  /** The conversations in one of whose messages the text occurs, in any case of letters. */
  async search(text: string): Promise<Set<string>> {
    const wanted = text.toLowerCase();
    const found = new Set<string>();
    let cursor = await (await database()).transaction("messages").store.openCursor();
    while (cursor) {
      const { conversationId, content } = cursor.value;
      if (!found.has(conversationId) && content.toLowerCase().includes(wanted)) found.add(conversationId);
      cursor = await cursor.continue();
    }
    return found;
  },
};
