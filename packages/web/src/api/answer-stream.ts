import type { Usage } from "../conversation/message.js";
import { ApiFailure, call, isRecord, toFailure } from "./http.js";
import { eventData, piecesOf } from "./event-stream.js";

export type FinishReason = "stop" | "length";

/** What an answer is made of, in the order in which it comes. */
export type AnswerEvent =
  | { type: "reasoning-delta"; text: string }
  | { type: "text-delta"; text: string }
  | { type: "end"; finishReason: FinishReason; usage: Usage | undefined };

/** Reads an answer from a server's stream. Throws an `ApiFailure` where the stream tells of an error or breaks off. */
export async function* streamAnswer(path: string, body: object, signal: AbortSignal): AsyncGenerator<AnswerEvent> {
  const request = { ...body, stream: true, stream_options: { include_usage: true } };
  const response = await call(path, { body: request, signal });
  if (response.body === null) throw new ApiFailure("interrupted", "The answer has no body.");
  const ending = new Ending();
  try {
    for await (const data of eventData(piecesOf(response.body))) {
      if (data === "[DONE]") break;
      const chunk = parse(data);
      yield* deltasOf(chunk);
      ending.read(chunk);
    }
  } catch (error) {
    if (signal.aborted || error instanceof ApiFailure) throw error;
    throw new ApiFailure("interrupted", "The connection to the server was lost.", { cause: error });
  }
  yield ending.event();
}

/** Collects what is told at the end, in more than one event. */
class Ending {
  #finishReason: FinishReason | undefined;
  #usage: Record<string, unknown> = {};
  #timings: Record<string, unknown> = {};

  read(chunk: Record<string, unknown>): void {
    const reason = firstChoice(chunk)?.["finish_reason"];
    if (typeof reason === "string") this.#finishReason = reason === "length" ? "length" : "stop";
    if (isRecord(chunk["usage"])) this.#usage = chunk["usage"];
    if (isRecord(chunk["timings"])) this.#timings = chunk["timings"];
  }

  event(): AnswerEvent {
    if (this.#finishReason === undefined) {
      throw new ApiFailure("interrupted", "The server broke off before the answer was complete.");
    }
    return { type: "end", finishReason: this.#finishReason, usage: this.#usageOf() };
  }

  #usageOf(): Usage | undefined {
    const promptTokens = numberIn(this.#usage, "prompt_tokens");
    const answerTokens = numberIn(this.#usage, "completion_tokens");
    if (promptTokens === undefined || answerTokens === undefined) return undefined;
    const tokensPerSecond = numberIn(this.#timings, "predicted_per_second");
    const firstTokenMs = numberIn(this.#timings, "time_to_first_token_ms");
    return {
      promptTokens,
      answerTokens,
      ...(tokensPerSecond !== undefined && { tokensPerSecond }),
      ...(firstTokenMs !== undefined && { firstTokenMs }),
    };
  }
}

function parse(data: string): Record<string, unknown> {
  let chunk: unknown;
  try {
    chunk = JSON.parse(data);
  } catch (error) {
    throw new ApiFailure("interrupted", "The server sent something that isn't an answer.", { cause: error });
  }
  const failure = toFailure("refused", chunk);
  if (failure) throw failure;
  if (!isRecord(chunk)) throw new ApiFailure("interrupted", "The server sent something that isn't an answer.");
  return chunk;
}

function* deltasOf(chunk: Record<string, unknown>): Generator<AnswerEvent> {
  const choice = firstChoice(chunk);
  const delta = isRecord(choice?.["delta"]) ? choice["delta"] : {};
  const reasoning = textIn(delta, "reasoning_content") ?? textIn(delta, "reasoning");
  if (reasoning !== undefined) yield { type: "reasoning-delta", text: reasoning };
  // A chat's text is in its delta, a completion's in the choice itself.
  const text = textIn(delta, "content") ?? textIn(choice ?? {}, "text");
  if (text !== undefined) yield { type: "text-delta", text };
}

function firstChoice(chunk: Record<string, unknown>): Record<string, unknown> | undefined {
  const choices: unknown = chunk["choices"];
  const first: unknown = Array.isArray(choices) ? choices[0] : undefined;
  return isRecord(first) ? first : undefined;
}

function textIn(record: Record<string, unknown>, name: string): string | undefined {
  const value = record[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function numberIn(record: Record<string, unknown>, name: string): number | undefined {
  const value = record[name];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}
