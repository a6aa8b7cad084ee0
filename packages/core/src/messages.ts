/** Instructions for the whole conversation. Qwen3 expects at most one, in first place. */
export interface SystemMessage {
  role: "system";
  content: string;
}

export interface UserMessage {
  role: "user";
  content: string;
}

/** An earlier answer. Give `reasoningContent` only to keep thoughts that the template would drop otherwise. */
export interface AssistantMessage {
  role: "assistant";
  content: string;
  reasoningContent?: string;
  toolCalls?: ToolCall[];
}

/** The result of a tool call. */
export interface ToolMessage {
  role: "tool";
  content: string;
  toolCallId?: string;
  name?: string;
}

export type ChatMessage = SystemMessage | UserMessage | AssistantMessage | ToolMessage;

/** A call that the model made in an earlier answer; `arguments` is a JSON text. */
export interface ToolCall {
  id?: string;
  name: string;
  arguments: string;
}

/** A function that the model may call; `parameters` is a JSON schema. */
export interface Tool {
  type: "function";
  function: {
    name: string;
    description?: string;
    parameters?: Record<string, unknown>;
  };
}
