import type { ChatMessage, ChatRequest, ResponseFormat, Tool, ToolChoice } from "@izwi/core";
import type OpenAI from "openai";
import { isRecord } from "../errors.js";

type WireRequest = OpenAI.Chat.Completions.ChatCompletionCreateParamsStreaming;
type WireMessage = OpenAI.Chat.Completions.ChatCompletionMessageParam;

/** Fields beyond OpenAI's own, as Izwi, vLLM, SGLang and llama.cpp take them. */
interface Extensions {
  top_k?: number;
  min_p?: number;
  repetition_penalty?: number;
  chat_template_kwargs?: { enable_thinking: boolean };
  thinking_budget?: number;
}

/** A thought by both its names: vLLM has changed from the one to the other. */
interface Reasoning {
  reasoning_content?: string;
  reasoning?: string;
}

export type WireBody = WireRequest & Extensions;

/** What `chat()` promises where nothing is said. */
const DEFAULT_TEMPERATURE = 0.7;
const THINKING_TEMPERATURE = 0.6;

/** Fields that weren't asked for in so many words: a server that refuses one is asked again without it. */
export function droppable(request: ChatRequest, body: WireBody): (keyof WireBody)[] {
  const fields: (keyof WireBody)[] = ["stream_options"];
  if (request.temperature === undefined) fields.push("temperature");
  if (!request.thinking) fields.push("chat_template_kwargs");
  if (typeof request.thinking === "object") fields.push("thinking_budget");
  return fields.filter((field) => body[field] !== undefined);
}

/**
 * A request in the form of POST /v1/chat/completions.
 *
 * @param openai OpenAI's own service, which refuses fields that it doesn't know
 */
export function toWireRequest(model: string, request: ChatRequest, openai: boolean): WireBody {
  const { thinking = false } = request;
  const body: WireBody = {
    model,
    messages: request.messages.map((message) => toWireMessage(message, !openai && thinking !== false)),
    stream: true,
    stream_options: { include_usage: true },
    temperature: request.temperature ?? (thinking ? THINKING_TEMPERATURE : DEFAULT_TEMPERATURE),
  };
  if (openai) {
    if (thinking) body.reasoning_effort = "medium";
  } else {
    // Said also when it is off: Qwen3's template thinks unless it is told not to.
    body.chat_template_kwargs = { enable_thinking: thinking !== false };
    if (typeof thinking === "object") body.thinking_budget = thinking.budget;
  }
  setSampling(body, request);
  if (request.tools !== undefined && request.tools.length > 0) {
    body.tools = request.tools.map(toWireTool);
    if (request.toolChoice !== undefined) body.tool_choice = toWireChoice(request.toolChoice);
    if (request.parallelToolCalls !== undefined) body.parallel_tool_calls = request.parallelToolCalls;
  }
  if (request.responseFormat !== undefined) body.response_format = toWireFormat(request.responseFormat);
  return body;
}

function setSampling(body: WireBody, request: ChatRequest): void {
  const { topP, topK, minP, repetitionPenalty, presencePenalty, frequencyPenalty, logitBias } = request;
  if (topP !== undefined) body.top_p = topP;
  if (topK !== undefined) body.top_k = topK;
  if (minP !== undefined) body.min_p = minP;
  if (repetitionPenalty !== undefined) body.repetition_penalty = repetitionPenalty;
  if (presencePenalty !== undefined) body.presence_penalty = presencePenalty;
  if (frequencyPenalty !== undefined) body.frequency_penalty = frequencyPenalty;
  if (logitBias !== undefined) body.logit_bias = logitBias;
  if (request.seed !== undefined) body.seed = request.seed;
  if (request.maxTokens !== undefined) body.max_tokens = request.maxTokens;
  if (request.stop !== undefined) body.stop = request.stop;
}

function toWireMessage(message: ChatMessage, withReasoning: boolean): WireMessage {
  switch (message.role) {
    case "system":
    case "user":
      return { role: message.role, content: message.content };
    case "tool":
      return { role: "tool", content: message.content, tool_call_id: message.toolCallId ?? "" };
    case "assistant": {
      const wire: WireMessage & Reasoning = { role: "assistant", content: message.content };
      if (withReasoning && message.reasoningContent) {
        wire.reasoning_content = message.reasoningContent;
        wire.reasoning = message.reasoningContent;
      }
      if (message.toolCalls !== undefined && message.toolCalls.length > 0) {
        wire.tool_calls = message.toolCalls.map(({ id = "", name, arguments: args }) => ({
          id,
          type: "function",
          function: { name, arguments: args },
        }));
      }
      return wire;
    }
  }
}

function toWireTool({ function: { name, description, parameters } }: Tool): OpenAI.Chat.Completions.ChatCompletionTool {
  const strict = parameters !== undefined && isStrict(parameters);
  return {
    type: "function",
    function: { name, ...(description !== undefined && { description }), ...(parameters && { parameters }), strict },
  };
}

function toWireChoice(choice: ToolChoice): OpenAI.Chat.Completions.ChatCompletionToolChoiceOption {
  return typeof choice === "string" ? choice : { type: "function", function: { name: choice.name } };
}

function toWireFormat(format: ResponseFormat): WireRequest["response_format"] {
  switch (format.type) {
    case "text":
      return { type: "text" };
    case "json-object":
      return { type: "json_object" };
    case "json-schema": {
      const { schema } = format;
      return { type: "json_schema", json_schema: { name: "answer", schema, strict: isStrict(schema) } };
    }
    default:
      // `regex` and `choice` are Izwi's own; other servers say that they don't know them.
      return format as unknown as WireRequest["response_format"];
  }
}

/** OpenAI's strict mode wants every object closed and every property required; others take any schema for strict. */
function isStrict(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.every(isStrict);
  if (!isRecord(schema)) return true;
  const { properties } = schema;
  if (isRecord(properties)) {
    const required = Array.isArray(schema["required"]) ? schema["required"] : [];
    if (schema["additionalProperties"] !== false) return false;
    if (Object.keys(properties).some((name) => !required.includes(name))) return false;
  } else if (schema["type"] === "object" && schema["additionalProperties"] !== false) return false;
  return Object.values(schema).every((part) => typeof part !== "object" || isStrict(part));
}
