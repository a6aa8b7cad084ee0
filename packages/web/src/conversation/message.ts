/** How an answer came to its end; `stopped` by the person, `interrupted` by the server or the network. */
export type AnswerEnd = "stop" | "length" | "stopped" | "interrupted";

/** What an answer took. */
export interface Usage {
  promptTokens: number;
  answerTokens: number;
  tokensPerSecond?: number;
  firstTokenMs?: number;
}

export interface ToolCall {
  id: string;
  name: string;
  /** JSON. */
  arguments: string;
}

/** One message of a conversation. Two messages with the same parent are alternatives to each other. */
export interface Message {
  id: string;
  conversationId: string;
  /** The message before this one; null for the first. */
  parentId: string | null;
  role: "user" | "assistant" | "tool";
  content: string;
  /** Milliseconds since 1970; later alternatives have later times. */
  createdAt: number;
  /** What the model thought before it answered. */
  reasoning?: string;
  reasoningMs?: number;
  /** The model that answered. */
  model?: string;
  usage?: Usage;
  /** Missing from an answer that the page didn't see the end of. */
  end?: AnswerEnd;
  /** Why there is no answer, or no whole one. */
  error?: string;
  /** That is because the conversation is longer than the model's context. */
  overflow?: true;
  /** Of imported sessions: the page itself offers models no tools. */
  toolCalls?: ToolCall[];
  toolCallId?: string;
  toolName?: string;
}

let latest = 0;

/** A time that is later than any it gave before, so that it orders messages made in the same millisecond. */
export function nextTime(): number {
  latest = Math.max(Date.now(), latest + 1);
  return latest;
}

/** An id for a message or a conversation. `crypto.randomUUID` is missing where the page comes by plain HTTP. */
export function newId(): string {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
