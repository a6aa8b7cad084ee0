import type {
  LanguageModelV3,
  LanguageModelV3CallOptions,
  LanguageModelV3Content,
  LanguageModelV3FinishReason,
  LanguageModelV3GenerateResult,
  LanguageModelV3StreamPart,
  LanguageModelV3StreamResult,
  LanguageModelV3Usage,
} from "@ai-sdk/provider";
import { IzwiError, type ChatEvent, type EndEvent, type Usage } from "@izwi/core";
import { randomUUID } from "node:crypto";
import { abortable } from "../abort.js";
import type { ChatBackend } from "../backends/backend.js";
import { toChatRequest } from "./prompt.js";
import type { IzwiModelSettings } from "./provider.js";

/** A model as the Vercel AI SDK wants it. */
export class IzwiLanguageModel implements LanguageModelV3 {
  readonly specificationVersion = "v3";
  readonly provider = "izwi";
  readonly modelId: string;
  /** Files can't be read, wherever they are. */
  readonly supportedUrls = {};
  readonly #open: () => Promise<ChatBackend>;
  readonly #settings: IzwiModelSettings;

  constructor(modelId: string, open: () => Promise<ChatBackend>, settings: IzwiModelSettings) {
    this.modelId = modelId;
    this.#open = open;
    this.#settings = settings;
  }

  async doGenerate(options: LanguageModelV3CallOptions): Promise<LanguageModelV3GenerateResult> {
    const { stream, request } = await this.doStream(options);
    const content: LanguageModelV3Content[] = [];
    const pieces = { text: "", reasoning: "" };
    const result: Partial<LanguageModelV3GenerateResult> = {};
    for await (const part of stream) {
      switch (part.type) {
        case "text-delta":
          pieces.text += part.delta;
          break;
        case "reasoning-delta":
          pieces.reasoning += part.delta;
          break;
        case "text-end":
          content.push({ type: "text", text: pieces.text });
          pieces.text = "";
          break;
        case "reasoning-end":
          content.push({ type: "reasoning", text: pieces.reasoning });
          pieces.reasoning = "";
          break;
        case "tool-call":
          content.push(part);
          break;
        case "stream-start":
          result.warnings = part.warnings;
          break;
        case "response-metadata": {
          const { type: _, ...response } = part;
          result.response = response;
          break;
        }
        case "finish":
          result.finishReason = part.finishReason;
          result.usage = part.usage;
          result.providerMetadata = part.providerMetadata!;
          break;
        case "error":
          throw part.error;
      }
    }
    const { finishReason, usage } = result;
    if (finishReason === undefined || usage === undefined) throw new IzwiError("INTERNAL", "The answer has no end.");
    return { ...result, content, finishReason, usage, warnings: result.warnings ?? [], ...(request && { request }) };
  }

  async doStream(options: LanguageModelV3CallOptions): Promise<LanguageModelV3StreamResult> {
    const { request, warnings } = toChatRequest(options, this.#settings);
    const abort = new AbortController();
    const signal = options.abortSignal ? AbortSignal.any([options.abortSignal, abort.signal]) : abort.signal;
    const backend = await abortable(this.#open(), signal);
    const events = backend.chat(request, { signal })[Symbol.asyncIterator]();
    // The first event is waited for: what fails before it, such as a wrong schema, fails the call.
    const first = await events.next();
    const parts = toParts(replay(first, events), backend.model, warnings);
    const stream = new ReadableStream<LanguageModelV3StreamPart>({
      async pull(controller) {
        const { done, value } = await parts.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        abort.abort();
        await parts.return();
      },
    });
    return { stream, request: { body: request } };
  }
}

async function* replay<T>(first: IteratorResult<T>, rest: AsyncIterator<T>): AsyncGenerator<T, void> {
  for (let result = first; !result.done; result = await rest.next()) yield result.value;
}

/** The AI SDK's parts: each text and each thought is a block with a beginning and an end. */
async function* toParts(
  events: AsyncIterable<ChatEvent>,
  modelId: string,
  warnings: Extract<LanguageModelV3StreamPart, { type: "stream-start" }>["warnings"],
): AsyncGenerator<LanguageModelV3StreamPart, void> {
  yield { type: "stream-start", warnings };
  yield { type: "response-metadata", id: randomUUID(), modelId, timestamp: new Date() };
  const calls = new Map<number, string>();
  let block: { kind: "text" | "reasoning"; id: string } | undefined;
  let blocks = 0;
  const close = (): LanguageModelV3StreamPart[] => {
    const ended = block;
    block = undefined;
    return ended === undefined ? [] : [{ type: `${ended.kind}-end`, id: ended.id }];
  };
  for await (const event of events) {
    switch (event.type) {
      case "text-delta":
      case "reasoning-delta": {
        const kind = event.type === "text-delta" ? "text" : "reasoning";
        if (block?.kind !== kind) {
          yield* close();
          block = { kind, id: String(blocks++) };
          yield { type: `${kind}-start`, id: block.id };
        }
        yield { type: `${kind}-delta`, id: block.id, delta: event.text };
        break;
      }
      case "tool-call-start": {
        yield* close();
        const id = `call_${randomUUID()}`;
        calls.set(event.index, id);
        yield { type: "tool-input-start", id, toolName: event.name };
        break;
      }
      case "tool-call-delta":
        yield { type: "tool-input-delta", id: calls.get(event.index) ?? "", delta: event.text };
        break;
      case "tool-call": {
        yield* close();
        const begun = calls.get(event.index);
        const toolCallId = begun ?? `call_${randomUUID()}`;
        if (begun !== undefined) yield { type: "tool-input-end", id: begun };
        yield { type: "tool-call", toolCallId, toolName: event.name, input: event.arguments };
        break;
      }
      case "end":
        yield* close();
        yield finish(event);
    }
  }
}

function finish({ finishReason, usage, timings }: EndEvent): LanguageModelV3StreamPart {
  const reason: LanguageModelV3FinishReason = { unified: finishReason, raw: finishReason };
  return {
    type: "finish",
    finishReason: reason,
    usage: toUsage(usage),
    providerMetadata: { izwi: { timings: { ...timings } } },
  };
}

function toUsage(usage: Usage): LanguageModelV3Usage {
  const { promptTokens, cachedTokens, completionTokens, reasoningTokens } = usage;
  return {
    inputTokens: {
      total: promptTokens,
      noCache: promptTokens - cachedTokens,
      cacheRead: cachedTokens,
      cacheWrite: undefined,
    },
    outputTokens: { total: completionTokens, text: completionTokens - reasoningTokens, reasoning: reasoningTokens },
  };
}
