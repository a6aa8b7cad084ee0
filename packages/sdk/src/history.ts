import type { AssistantMessage, ChatMessage, ToolMessage, UserMessage } from "@izwi/core";

/** An answer as a session keeps it. */
export interface AnswerMessage extends AssistantMessage {
  /** The answer was left before its end: this is the part that had come. */
  truncated?: true;
}

/** One message of a session's history. The system prompt isn't part of it: see `session.system`. */
export type HistoryMessage = UserMessage | AnswerMessage | ToolMessage;

/** A question and everything up to the next one: tool calls, their results, the answer. Never empty. */
export type Turn = HistoryMessage[];

/** Splits messages at the questions. */
export function turnsOf(messages: readonly HistoryMessage[]): Turn[] {
  const turns: Turn[] = [];
  for (const message of messages) {
    const last = turns.at(-1);
    if (message.role === "user" || last === undefined) turns.push([message]);
    else last.push(message);
  }
  return turns;
}

/** A message for the model: what only the session knows of it is left out. */
export function toChatMessage(message: HistoryMessage): ChatMessage {
  if (message.role !== "assistant" || !("truncated" in message)) return message;
  const { truncated: _, ...plain } = message;
  return plain;
}

export function copyOf(message: HistoryMessage): HistoryMessage {
  return structuredClone(message);
}
