import type { ChatEvent, EndEvent, FinishReason, ModelInfo, TextDelta } from "@izwi/core";
import type { ChatCompletion, ChatCompletionChunk } from "./chat-schema.js";
import type { ServerEvent } from "./event-stream.js";
import { newId, systemFingerprint, unixSeconds } from "./ids.js";
import type { Interleaved } from "./interleave.js";
import { toWireLogprobs, type WireLogprobs } from "./logprobs.js";
import { toWireTimings, toWireUsage, usageOfChoices } from "./usage.js";

export interface AnswerOptions {
  /** The name to repeat. */
  model: string;
  info: ModelInfo;
  numChoices: number;
  logprobs: boolean;
}

const FINISH_REASONS = {
  stop: "stop",
  length: "length",
  "tool-calls": "tool_calls",
} as const satisfies Record<FinishReason, string>;

/** What all chunks of an answer, and a whole answer, have in common. */
function head({ model, info }: AnswerOptions) {
  return { id: newId("chatcmpl-"), created: unixSeconds(), model, system_fingerprint: systemFingerprint(info) };
}

/** Waits for all events and makes one answer of them. */
export async function toChatCompletion(
  events: AsyncIterable<Interleaved<ChatEvent>>,
  options: AnswerOptions,
): Promise<ChatCompletion> {
  const answer = head(options);
  const choices = Array.from({ length: options.numChoices }, (_, index) => new WholeChoice(index, options.logprobs));
  for await (const { index, value } of events) choices[index]!.add(value);
  const ends = choices.map((choice) => choice.end);
  const completion: ChatCompletion = {
    ...answer,
    object: "chat.completion",
    choices: choices.map((choice) => choice.toWire()),
    usage: toWireUsage(usageOfChoices(ends.map(({ usage }) => usage))),
  };
  if (ends.length === 1) completion.timings = toWireTimings(ends[0]!);
  return completion;
}

type Choice = ChatCompletion["choices"][number];
type Delta = ChatCompletionChunk["choices"][number]["delta"];

class WholeChoice {
  readonly #index: number;
  readonly #logprobs: WireLogprobs["content"] | undefined;
  readonly #toolCalls: NonNullable<Choice["message"]["tool_calls"]> = [];
  #content = "";
  #reasoning = "";
  #end: EndEvent | undefined;

  constructor(index: number, logprobs: boolean) {
    this.#index = index;
    this.#logprobs = logprobs ? [] : undefined;
  }

  get end(): EndEvent {
    if (this.#end === undefined) throw new Error("The answer ended without saying why.");
    return this.#end;
  }

  add(event: ChatEvent): void {
    switch (event.type) {
      case "reasoning-delta":
        this.#reasoning += event.text;
        break;
      case "text-delta":
        this.#content += event.text;
        this.#logprobs?.push(...toWireLogprobs(event.logprobs ?? []));
        break;
      case "tool-call": {
        const { name, arguments: args } = event;
        this.#toolCalls.push({ id: newId("call_"), type: "function", function: { name, arguments: args } });
        break;
      }
      case "end":
        this.#end = event;
        break;
      default:
        // Pieces of a tool call, which comes again as a whole.
        break;
    }
  }

  toWire(): Choice {
    const content = this.#content === "" && this.#toolCalls.length > 0 ? null : this.#content;
    const message: Choice["message"] = { role: "assistant", content, refusal: null };
    if (this.#reasoning !== "") message.reasoning_content = this.#reasoning;
    if (this.#toolCalls.length > 0) message.tool_calls = this.#toolCalls;
    return {
      index: this.#index,
      message,
      logprobs: this.#logprobs ? { content: this.#logprobs, refusal: null } : null,
      finish_reason: FINISH_REASONS[this.end.finishReason],
    };
  }
}

/** The chunks of a streamed answer. The first is made when the first event is there. */
export async function* chatChunks(
  events: AsyncIterable<Interleaved<ChatEvent>>,
  options: AnswerOptions & { includeUsage: boolean },
): AsyncGenerator<ServerEvent, void> {
  const answer = { ...head(options), object: "chat.completion.chunk" as const };
  const chunk = (choices: ChatCompletionChunk["choices"], rest: Partial<ChatCompletionChunk> = {}): ServerEvent => {
    const usage = options.includeUsage ? { usage: null } : {};
    return { data: { ...answer, choices, ...usage, ...rest } satisfies ChatCompletionChunk };
  };
  const choices = Array.from({ length: options.numChoices }, () => new StreamedChoice());
  const ends: EndEvent[] = [];
  let begun = false;
  for await (const { index, value: event } of events) {
    if (!begun) {
      begun = true;
      for (let index = 0; index < options.numChoices; index++) {
        yield chunk([{ index, delta: { role: "assistant", content: "" }, logprobs: null, finish_reason: null }]);
      }
    }
    if (event.type === "end") {
      ends.push(event);
      const finish_reason = FINISH_REASONS[event.finishReason];
      yield chunk([{ index, delta: {}, logprobs: null, finish_reason }], { timings: toWireTimings(event) });
      continue;
    }
    const delta = choices[index]!.delta(event);
    if (delta === undefined) continue;
    const logprobs = options.logprobs && event.type === "text-delta" ? logprobsOf(event) : null;
    yield chunk([{ index, delta, logprobs, finish_reason: null }]);
  }
  if (options.includeUsage) yield chunk([], { usage: toWireUsage(usageOfChoices(ends.map(({ usage }) => usage))) });
}

function logprobsOf(event: TextDelta): WireLogprobs {
  return { content: toWireLogprobs(event.logprobs ?? []), refusal: null };
}

/** Turns one answer's events into deltas, keeping track of the tool calls that have begun. */
class StreamedChoice {
  /** How much of each call's arguments has been sent, by the call's index. */
  readonly #sent = new Map<number, number>();

  delta(event: Exclude<ChatEvent, EndEvent>): Delta | undefined {
    switch (event.type) {
      case "reasoning-delta":
        return { reasoning_content: event.text };
      case "text-delta":
        return { content: event.text };
      case "tool-call-start":
        return this.#begin(event.index, event.name, "");
      case "tool-call-delta":
        this.#sent.set(event.index, (this.#sent.get(event.index) ?? 0) + event.text.length);
        return { tool_calls: [{ index: event.index, function: { arguments: event.text } }] };
      case "tool-call":
        return this.#complete(event.index, event.name, event.arguments);
    }
  }

  #begin(index: number, name: string, args: string): Delta {
    this.#sent.set(index, args.length);
    const call = { index, id: newId("call_"), type: "function" as const, function: { name, arguments: args } };
    return { tool_calls: [call] };
  }

  /** The whole call comes last: usually there is nothing left to send of it. */
  #complete(index: number, name: string, args: string): Delta | undefined {
    const sent = this.#sent.get(index);
    if (sent === undefined) return this.#begin(index, name, args);
    if (sent >= args.length) return undefined;
    return { tool_calls: [{ index, function: { arguments: args.slice(sent) } }] };
  }
}
