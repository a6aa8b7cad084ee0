export { agent, Agent } from "./agent.js";
export type { AgentOptions, AgentResult } from "./agent.js";
export { ask } from "./ask.js";
export type { AskOptions, TypedAskOptions } from "./ask.js";
export { chat } from "./chat.js";
export type { Chat } from "./chat.js";
export type { Session } from "./session.js";
export type { ReplyStream } from "./reply-stream.js";
export type { ContextUse, Reply, ReplyEnd, ReplyEvent, ReplyToolCall, ReplyToolResult, ToolRun } from "./reply.js";
export type { AnswerMessage, HistoryMessage, Turn } from "./history.js";
export type { Overflow, OverflowContext } from "./context-window.js";
export { tool } from "./tools.js";
export type { OnToolCall, PendingToolCall, Tool, ToolContext, Tools } from "./tools.js";
export type { InferOutput, JsonSchema } from "./schema.js";
export type {
  AnswerSettings,
  ChatOptions,
  LocalOptions,
  RemoteOptions,
  SendOptions,
  TurnSettings,
  TypedSendOptions,
} from "./settings.js";
export { openBackend } from "./backends/open.js";
export type { BackendOptions } from "./backends/open.js";
export { readTranscript, writeTranscript } from "./transcript.js";
export type { Transcript } from "./transcript.js";
export type { BackendStream, ChatBackend, ModelIdentity, OpenBackend } from "./backends/backend.js";

export { ERROR_CODES, IzwiError } from "@izwi/core";
export type {
  AssistantMessage,
  ErrorCode,
  FinishReason,
  ReasoningDelta,
  ResponseFormat,
  TextDelta,
  Timings,
  ToolCall,
  ToolCallDelta,
  ToolCallStart,
  ToolChoice,
  ToolMessage,
  Usage,
  UserMessage,
} from "@izwi/core";
