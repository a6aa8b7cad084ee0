import type { AssistantMessage, ChatMessage, ChatRequest, ToolChoice } from "@izwi/core";
import type { Limits } from "../route-context.js";
import { checkMessageCount } from "./chat-request.js";
import { badParameter } from "./errors.js";
import type { InputItem, ResponseRequest } from "./response-schema.js";
import type { ResponseStore } from "./response-store.js";
import { jsonFormat } from "./response-format.js";
import { maxTokensOf, samplingSettings } from "./sampling.js";
import { templateKwargsOf, thinkingOf } from "./thinking.js";
import { chosenTools, toTool } from "./tools.js";

/** A response's body in core's words. */
export interface ResponsePlan {
  request: ChatRequest;
  /** The conversation without instructions, which hold for this response only. */
  conversation: ChatMessage[];
  /** How many messages at the end of it came with this request. */
  numNew: number;
}

/** Throws an ApiError for values that can't be served. */
export function toResponsePlan(wire: ResponseRequest, store: ResponseStore, limits: Limits): ResponsePlan {
  refuse(wire);
  const input = typeof wire.input === "string" ? [{ role: "user" as const, content: wire.input }] : wire.input;
  const added = toMessages(input, store);
  const before =
    wire.previous_response_id == null ? [] : store.get(wire.previous_response_id, "previous_response_id").messages;
  const conversation = [...before, ...added];
  checkMessageCount(conversation.length, limits, "input");
  const system: ChatMessage[] = wire.instructions ? [{ role: "system", content: wire.instructions }] : [];
  if (conversation.length === 0) throw badParameter("input", "input must hold at least one message.");

  const request: ChatRequest = {
    messages: [...system, ...conversation],
    ...toolsOf(wire),
    ...samplingSettings(wire),
    maxTokens: maxTokensOf(wire.max_output_tokens, limits.completionTokens, "max_output_tokens"),
  };
  const thinking = thinkingOf(wire);
  if (thinking !== undefined) request.thinking = thinking;
  const templateKwargs = templateKwargsOf(wire);
  if (templateKwargs !== undefined) request.templateKwargs = templateKwargs;
  const format = wire.text?.format;
  if (format?.type === "json_object") request.responseFormat = jsonFormat(undefined);
  if (format?.type === "json_schema") request.responseFormat = jsonFormat(format.schema);
  if (wantsLogprobs(wire)) request.logprobs = wire.top_logprobs ?? 0;
  return { request, conversation, numNew: added.length };
}

function wantsLogprobs(wire: ResponseRequest): boolean {
  return wire.top_logprobs ? true : (wire.include?.includes("message.output_text.logprobs") ?? false);
}

function refuse(wire: ResponseRequest): void {
  if (wire.conversation != null) {
    throw badParameter("conversation", "conversation is not supported: use previous_response_id.");
  }
  if (wire.prompt != null) throw badParameter("prompt", "prompt is not supported: send the text itself as input.");
}

function toolsOf(wire: ResponseRequest) {
  const tools = (wire.tools ?? []).map(toTool);
  const choice = wire.tool_choice;
  if (choice != null && typeof choice === "object" && choice.type === "allowed_tools") {
    const allowed = choice.tools.map(({ name }) => name);
    return chosenTools(tools, allowed, choice.mode, wire.parallel_tool_calls);
  }
  const wanted: ToolChoice | undefined =
    choice == null ? undefined : typeof choice === "string" ? choice : { name: choice.name };
  return chosenTools(tools, undefined, wanted, wire.parallel_tool_calls);
}

/**
 * Items as messages. A thought, a text and calls that follow one another are one message of the assistant.
 */
function toMessages(items: readonly InputItem[], store: ResponseStore): ChatMessage[] {
  const writer = new MessageWriter();
  items.forEach((item, index) => {
    const at = `input[${index}].id`;
    writer.write(item.type === "item_reference" ? store.item(item.id, at) : item);
  });
  return writer.end();
}

class MessageWriter {
  readonly #messages: ChatMessage[] = [];
  #assistant: AssistantMessage | undefined;

  write(item: Exclude<InputItem, { type: "item_reference" }>): void {
    switch (item.type) {
      case "reasoning":
        // A thought begins a new message of the assistant.
        this.#flush();
        this.#assistant = { role: "assistant", content: "" };
        this.#think(item);
        break;
      case "function_call": {
        const message = (this.#assistant ??= { role: "assistant", content: "" });
        const call = { id: item.call_id, name: item.name, arguments: item.arguments.trim() || "{}" };
        message.toolCalls = [...(message.toolCalls ?? []), call];
        break;
      }
      case "function_call_output":
        this.#flush();
        this.#messages.push({ role: "tool", content: textOf(item.output), toolCallId: item.call_id });
        break;
      default:
        this.#message(item.role, textOf(item.content));
    }
  }

  end(): ChatMessage[] {
    this.#flush();
    return this.#messages;
  }

  #think(item: Extract<InputItem, { type: "reasoning" }>): void {
    const parts = item.content?.length ? item.content : (item.summary ?? []);
    const text = parts.map((part) => part.text).join("\n\n");
    if (text !== "" && this.#assistant) this.#assistant.reasoningContent = text;
  }

  #message(role: "system" | "developer" | "user" | "assistant", content: string): void {
    if (role === "assistant") {
      // Only a thought may come before the text of the same answer.
      if (this.#assistant?.content || this.#assistant?.toolCalls) this.#flush();
      this.#assistant = { ...(this.#assistant ?? { role: "assistant" }), content };
      return;
    }
    this.#flush();
    this.#messages.push({ role: role === "user" ? "user" : "system", content });
  }

  #flush(): void {
    const message = this.#assistant;
    this.#assistant = undefined;
    // A thought alone says nothing to the conversation.
    if (message && (message.content !== "" || message.toolCalls)) this.#messages.push(message);
  }
}

type Part = { type: "input_text" | "output_text" | "text"; text: string } | { type: "refusal"; refusal: string };

function textOf(content: string | readonly Part[]): string {
  if (typeof content === "string") return content;
  return content.map((part) => (part.type === "refusal" ? part.refusal : part.text)).join("\n");
}
