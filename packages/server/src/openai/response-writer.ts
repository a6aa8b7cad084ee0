import type { ChatEvent, ChatRequest, EndEvent, TextDelta } from "@izwi/core";
import type { ServerEvent } from "./event-stream.js";
import type { ApiError } from "./errors.js";
import { newId, unixSeconds } from "./ids.js";
import { toWireLogprobs } from "./logprobs.js";
import type { FunctionCallItem, MessageItem, OutputItem, ReasoningItem, ResponseObject } from "./response-object.js";
import type { ResponseRequest } from "./response-schema.js";

type Emitted = { type: string } & Record<string, unknown>;

/**
 * Turns the events of one answer into those of a response, and into the response itself. Items follow one another: a
 * thought, the text, calls; each is opened by its first piece and closed by what comes after it.
 */
export class ResponseWriter {
  readonly response: ResponseObject;
  /** The open item, if there is one: it's the last of the output. */
  #open: OutputItem | undefined;
  /** The call that is open, by its index in the answer. */
  #callIndex: number | undefined;
  #sequenceNumber = 0;
  /** Events that are ready to be sent. */
  #ready: ServerEvent[] = [];
  readonly #summarized: boolean;

  constructor(wire: ResponseRequest, request: ChatRequest, model: string) {
    this.response = newResponse(wire, request, model);
    // Who asks for a summary shows summaries: the thought itself is sent in its place.
    this.#summarized = this.response.reasoning.summary !== null;
  }

  /** The events for the answer's next one. */
  write(event: ChatEvent): ServerEvent[] {
    this.#created();
    switch (event.type) {
      case "reasoning-delta":
        this.#reasoning(event.text);
        break;
      case "text-delta":
        if (event.text !== "" || event.logprobs?.length) this.#text(event);
        break;
      case "tool-call-start":
        this.#openCall(event.index, event.name);
        break;
      case "tool-call-delta":
        this.#callArguments(event.text);
        break;
      case "tool-call":
        this.#call(event.index, event.name, event.arguments);
        break;
      case "end":
        this.#end(event);
        break;
    }
    return this.#take();
  }

  /** The events for an answer that failed midway. */
  fail({ body }: ApiError): ServerEvent[] {
    this.#created();
    this.response.status = "failed";
    this.response.error = { code: body.code ?? "server_error", message: body.message };
    this.#emit({ type: "response.failed", response: snapshot(this.response) });
    // Clients look for the error in either place; with `error` inside, the official one throws it.
    this.#emit({ type: "error", code: body.code, message: body.message, param: body.param, error: body });
    return this.#take();
  }

  /** The events that come before all others. */
  #created(): void {
    if (this.#sequenceNumber > 0) return;
    this.#emit({ type: "response.created", response: snapshot(this.response) });
    this.#emit({ type: "response.in_progress", response: snapshot(this.response) });
  }

  #reasoning(text: string): void {
    let item = this.#open;
    if (item?.type !== "reasoning") {
      this.#close("completed");
      item = {
        id: newId("rs_"),
        type: "reasoning",
        summary: [],
        content: [],
        encrypted_content: null,
        status: "in_progress",
      };
      this.#begin(item);
      if (this.#summarized) {
        item.summary.push({ type: "summary_text", text: "" });
        const part = { type: "summary_text", text: "" };
        this.#emitOf(item, { type: "response.reasoning_summary_part.added", summary_index: 0, part });
      } else {
        item.content.push({ type: "reasoning_text", text: "" });
        const part = { type: "reasoning_text", text: "" };
        this.#emitOf(item, { type: "response.content_part.added", content_index: 0, part });
      }
    }
    const part = this.#summarized ? item.summary[0]! : item.content[0]!;
    part.text += text;
    if (this.#summarized) {
      this.#emitOf(item, { type: "response.reasoning_summary_text.delta", summary_index: 0, delta: text });
    } else {
      this.#emitOf(item, { type: "response.reasoning_text.delta", content_index: 0, delta: text });
    }
  }

  #text({ text, logprobs = [] }: TextDelta): void {
    let item = this.#open;
    if (item?.type !== "message") item = this.#openMessage();
    const part = item.content[0]!;
    const wireLogprobs = toWireLogprobs(logprobs);
    part.text += text;
    part.logprobs.push(...wireLogprobs);
    const delta = { type: "response.output_text.delta", content_index: 0, delta: text, logprobs: wireLogprobs };
    this.#emitOf(item, delta);
  }

  #openMessage(): MessageItem {
    this.#close("completed");
    const item: MessageItem = {
      id: newId("msg_"),
      type: "message",
      role: "assistant",
      status: "in_progress",
      content: [],
    };
    this.#begin(item);
    item.content.push({ type: "output_text", text: "", annotations: [], logprobs: [] });
    const part = { type: "output_text", text: "", annotations: [], logprobs: [] };
    this.#emitOf(item, { type: "response.content_part.added", content_index: 0, part });
    return item;
  }

  #openCall(index: number, name: string): FunctionCallItem {
    this.#close("completed");
    const item: FunctionCallItem = {
      id: newId("fc_"),
      type: "function_call",
      call_id: newId("call_"),
      name,
      arguments: "",
      status: "in_progress",
    };
    this.#begin(item);
    this.#callIndex = index;
    return item;
  }

  /** Pieces are always those of the open call. */
  #callArguments(text: string): void {
    const item = this.#open;
    if (item?.type !== "function_call" || text === "") return;
    item.arguments += text;
    this.#emitOf(item, { type: "response.function_call_arguments.delta", delta: text });
  }

  /** A whole call: usually its pieces have been here, and nothing but its end is left. */
  #call(index: number, name: string, args: string): void {
    const isOpen = this.#open?.type === "function_call" && this.#callIndex === index;
    const item = isOpen ? (this.#open as FunctionCallItem) : this.#openCall(index, name);
    this.#callArguments(args.slice(item.arguments.length));
    this.#close("completed");
  }

  #end(event: EndEvent): void {
    const isCut = event.finishReason === "length";
    if (this.response.output.length === 0) this.#openMessage();
    this.#close(isCut ? "incomplete" : "completed");
    const { promptTokens, cachedTokens, completionTokens, reasoningTokens } = event.usage;
    this.response.status = isCut ? "incomplete" : "completed";
    if (isCut) this.response.incomplete_details = { reason: "max_output_tokens" };
    this.response.usage = {
      input_tokens: promptTokens,
      input_tokens_details: { cached_tokens: cachedTokens },
      output_tokens: completionTokens,
      output_tokens_details: { reasoning_tokens: reasoningTokens },
      total_tokens: promptTokens + completionTokens,
    };
    this.#emit({ type: isCut ? "response.incomplete" : "response.completed", response: snapshot(this.response) });
  }

  #begin(item: OutputItem): void {
    this.#open = item;
    this.response.output.push(item);
    this.#emit({
      type: "response.output_item.added",
      output_index: this.response.output.length - 1,
      item: structuredClone(item),
    });
  }

  #close(status: "completed" | "incomplete"): void {
    const item = this.#open;
    if (item === undefined) return;
    if (item.type === "message") this.#closeText(item);
    else if (item.type === "reasoning") this.#closeReasoning(item);
    else {
      const { name, arguments: args } = item;
      this.#emitOf(item, { type: "response.function_call_arguments.done", name, arguments: args });
    }
    item.status = status;
    this.#emit({
      type: "response.output_item.done",
      output_index: this.response.output.length - 1,
      item: structuredClone(item),
    });
    this.#open = undefined;
    this.#callIndex = undefined;
  }

  #closeText(item: MessageItem): void {
    const [part] = item.content;
    const { text, logprobs } = part!;
    this.#emitOf(item, { type: "response.output_text.done", content_index: 0, text, logprobs });
    this.#emitOf(item, { type: "response.content_part.done", content_index: 0, part: { ...part } });
  }

  #closeReasoning(item: ReasoningItem): void {
    const part = this.#summarized ? item.summary[0]! : item.content[0]!;
    if (this.#summarized) {
      this.#emitOf(item, { type: "response.reasoning_summary_text.done", summary_index: 0, text: part.text });
      this.#emitOf(item, { type: "response.reasoning_summary_part.done", summary_index: 0, part: { ...part } });
    } else {
      this.#emitOf(item, { type: "response.reasoning_text.done", content_index: 0, text: part.text });
      this.#emitOf(item, { type: "response.content_part.done", content_index: 0, part: { ...part } });
    }
  }

  #emitOf(item: OutputItem, event: Emitted): void {
    const { type, ...rest } = event;
    this.#emit({ type, item_id: item.id, output_index: this.response.output.length - 1, ...rest });
  }

  #emit(event: Emitted): void {
    const { type, ...rest } = event;
    this.#ready.push({ event: type, data: { type, sequence_number: this.#sequenceNumber++, ...rest } });
  }

  #take(): ServerEvent[] {
    const ready = this.#ready;
    this.#ready = [];
    return ready;
  }
}

/** The response as it is now: it goes on changing, and events are written later. */
function snapshot(response: ResponseObject): ResponseObject {
  return structuredClone(response);
}

function newResponse(wire: ResponseRequest, request: ChatRequest, model: string): ResponseObject {
  const isThinking = request.thinking !== undefined && request.thinking !== false;
  return {
    id: newId("resp_"),
    object: "response",
    created_at: unixSeconds(),
    status: "in_progress",
    background: false,
    error: null,
    incomplete_details: null,
    instructions: wire.instructions ?? null,
    max_output_tokens: wire.max_output_tokens ?? null,
    model,
    output: [],
    parallel_tool_calls: wire.parallel_tool_calls ?? true,
    previous_response_id: wire.previous_response_id ?? null,
    reasoning: {
      effort: wire.reasoning?.effort ?? wire.reasoning_effort ?? null,
      summary: wire.reasoning?.summary ?? null,
    },
    store: wire.store ?? true,
    // What holds where nothing was said is the model's profile.
    temperature: wire.temperature ?? (isThinking ? 0.6 : 0.7),
    text: { format: wire.text?.format ?? { type: "text" } },
    tool_choice: wire.tool_choice ?? "auto",
    tools: wire.tools ?? [],
    top_logprobs: wire.top_logprobs ?? 0,
    top_p: wire.top_p ?? (isThinking ? 0.95 : 0.8),
    truncation: "disabled",
    usage: null,
    user: null,
    metadata: wire.metadata ?? {},
  };
}
