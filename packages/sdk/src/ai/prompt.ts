import {
  UnsupportedFunctionalityError,
  type LanguageModelV3CallOptions,
  type LanguageModelV3Message,
  type LanguageModelV3Prompt,
  type LanguageModelV3ToolResultOutput,
  type SharedV3Warning,
} from "@ai-sdk/provider";
import type { AssistantMessage, ChatMessage, ChatRequest, ResponseFormat, Tool, ToolChoice } from "@izwi/core";
import { isRecord } from "../errors.js";
import type { IzwiModelSettings } from "./provider.js";

/** A call of the AI SDK in core's words, with what couldn't be heeded. */
export function toChatRequest(
  options: LanguageModelV3CallOptions,
  settings: IzwiModelSettings,
): { request: ChatRequest; warnings: SharedV3Warning[] } {
  const warnings: SharedV3Warning[] = [];
  const request: ChatRequest = {
    messages: toMessages(options.prompt),
    thinking: thinkingOf(options, settings),
    ...sampling(options),
  };
  const { tools, toolChoice } = toTools(options, warnings);
  if (tools.length > 0) request.tools = tools;
  if (tools.length > 0 && toolChoice !== undefined) request.toolChoice = toolChoice;
  const responseFormat = toFormat(options);
  if (responseFormat !== undefined) request.responseFormat = responseFormat;
  return { request, warnings };
}

export function toMessages(prompt: LanguageModelV3Prompt): ChatMessage[] {
  return prompt.flatMap(toMessage);
}

function toMessage(message: LanguageModelV3Message): ChatMessage[] {
  switch (message.role) {
    case "system":
      return [{ role: "system", content: message.content }];
    case "user":
      return [{ role: "user", content: message.content.map(textOf).join("\n") }];
    case "assistant":
      return toAssistant(message.content);
    case "tool":
      return message.content.flatMap((part): ChatMessage[] =>
        part.type === "tool-result"
          ? [{ role: "tool", toolCallId: part.toolCallId, name: part.toolName, content: resultText(part.output) }]
          : [],
      );
  }
}

function toAssistant(parts: Extract<LanguageModelV3Message, { role: "assistant" }>["content"]): ChatMessage[] {
  const message: AssistantMessage = { role: "assistant", content: "" };
  for (const part of parts) {
    switch (part.type) {
      case "text":
        message.content += part.text;
        break;
      case "reasoning":
        message.reasoningContent = (message.reasoningContent ?? "") + part.text;
        break;
      case "tool-call": {
        const call = { id: part.toolCallId, name: part.toolName, arguments: jsonOf(part.input) };
        message.toolCalls = [...(message.toolCalls ?? []), call];
        break;
      }
      default:
        throw unsupported(`${part.type} in a message of the assistant`);
    }
  }
  return [message];
}

function textOf(part: { type: "text"; text: string } | { type: "file"; mediaType: string }): string {
  if (part.type === "text") return part.text;
  throw unsupported(`files in a message (${part.mediaType})`);
}

function resultText(output: LanguageModelV3ToolResultOutput): string {
  switch (output.type) {
    case "text":
      return output.value;
    case "error-text":
      return `Error: ${output.value}`;
    case "json":
      return JSON.stringify(output.value);
    case "error-json":
      return `Error: ${JSON.stringify(output.value)}`;
    case "execution-denied":
      return `Error: The user refused this call.${output.reason === undefined ? "" : ` ${output.reason}`}`;
    case "content":
      return output.value
        .map((part) => {
          if (part.type === "text") return part.text;
          throw unsupported(`${part.type} in a tool's result`);
        })
        .join("\n");
  }
}

function sampling(options: LanguageModelV3CallOptions): Partial<ChatRequest> {
  const { maxOutputTokens, temperature, topP, topK, presencePenalty, frequencyPenalty, stopSequences, seed } = options;
  const stop = stopSequences?.filter((text) => text !== "");
  return {
    ...(maxOutputTokens !== undefined && { maxTokens: maxOutputTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { topP }),
    ...(topK !== undefined && { topK }),
    ...(presencePenalty !== undefined && { presencePenalty }),
    ...(frequencyPenalty !== undefined && { frequencyPenalty }),
    ...(stop !== undefined && stop.length > 0 && { stop }),
    ...(seed !== undefined && { seed }),
  };
}

function toTools(
  { tools = [], toolChoice }: LanguageModelV3CallOptions,
  warnings: SharedV3Warning[],
): { tools: Tool[]; toolChoice: ToolChoice | undefined } {
  const known: Tool[] = [];
  for (const tool of tools) {
    if (tool.type !== "function") {
      warnings.push({ type: "unsupported", feature: `the provider's tool ${tool.id}` });
      continue;
    }
    const { name, description, inputSchema } = tool;
    const parameters = inputSchema as Record<string, unknown>;
    known.push({ type: "function", function: { name, ...(description !== undefined && { description }), parameters } });
  }
  const choice = toolChoice?.type === "tool" ? { name: toolChoice.toolName } : toolChoice?.type;
  return { tools: known, toolChoice: choice };
}

function toFormat({ responseFormat }: LanguageModelV3CallOptions): ResponseFormat | undefined {
  if (responseFormat?.type !== "json") return undefined;
  if (responseFormat.schema === undefined) return { type: "json-object" };
  const { $schema: _, ...schema } = responseFormat.schema as Record<string, unknown>;
  return { type: "json-schema", schema };
}

function thinkingOf(
  { providerOptions }: LanguageModelV3CallOptions,
  settings: IzwiModelSettings,
): boolean | { budget: number } {
  const given = providerOptions?.["izwi"]?.["thinking"];
  if (given === undefined) return settings.thinking ?? false;
  if (typeof given === "boolean") return given;
  const budget = isRecord(given) ? given["budget"] : undefined;
  if (typeof budget === "number") return { budget };
  throw unsupported(`providerOptions.izwi.thinking other than true, false or { budget }`);
}

function jsonOf(input: unknown): string {
  return typeof input === "string" ? input : JSON.stringify(input ?? {});
}

function unsupported(functionality: string): UnsupportedFunctionalityError {
  return new UnsupportedFunctionalityError({ functionality });
}
