import { IzwiError, type ChatMessage, type FinishReason, type ResponseFormat } from "@izwi/core";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { bounded, hasDescriptions, parseWith, toJsonSchema, type JsonSchema } from "./schema.js";

/** What is thought of a typed answer. */
export type Judged =
  | { ok: true; value: unknown }
  | {
      ok: false;
      /** What to add to the conversation before the model is asked again. */
      correction: ChatMessage[];
      /** How long the next answer may be, if longer. */
      maxTokens?: number;
    };

/** An answer that was cut off may be so much longer when it is asked for again, and this long at least. */
const ROOM_FACTOR = 4;
const LEAST_ROOM = 256;

/** A value that is asked of the model: its schema, and what to do with an answer that doesn't fit. */
export class TypedResult {
  readonly #schema: StandardSchemaV1;
  readonly #json: JsonSchema;
  readonly #attempts: number;
  #format: ResponseFormat;
  /** The schema in words, for one whose author has described its fields. */
  readonly hint: string | undefined;

  /** @param attempts how often the model may be asked; an answer that is being streamed can't be taken back */
  constructor(schema: StandardSchemaV1, jsonSchema: JsonSchema | undefined, attempts: number) {
    this.#schema = schema;
    this.#attempts = attempts;
    this.#json = toJsonSchema(schema, jsonSchema);
    this.#format = { type: "json-schema", schema: this.#json };
    this.hint = hasDescriptions(this.#json)
      ? `Answer with JSON of this schema: ${JSON.stringify(this.#json)}`
      : undefined;
  }

  /** What the next answer must be. */
  get format(): ResponseFormat {
    return this.#format;
  }

  /**
   * The value of an answer, or how to ask for a better one. Throws `INVALID_ANSWER` when the attempts are used up.
   *
   * @param maxTokens what the answer was allowed
   */
  async judge(text: string, finishReason: FinishReason, attempt: number, maxTokens: number): Promise<Judged> {
    const result = await parseWith(this.#schema, text);
    if (result.ok) return result;
    const cut = finishReason === "length";
    if (attempt >= this.#attempts) throw invalidAnswer(text, result.issues, cut);
    if (cut) {
      // More room alone doesn't help a model that never comes to an end: what is unbounded gets bounds, too.
      const room = Math.max(LEAST_ROOM, maxTokens * ROOM_FACTOR);
      this.#format = { type: "json-schema", schema: bounded(this.#json, room) };
      return { ok: false, correction: [], maxTokens: room };
    }
    const correction: ChatMessage[] = [
      { role: "assistant", content: text },
      { role: "user", content: `That doesn't fit: ${result.issues.join("; ")}. Answer again, with this put right.` },
    ];
    return { ok: false, correction };
  }
}

function invalidAnswer(text: string, issues: string[], cut: boolean): IzwiError {
  const start = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  const why = cut
    ? "The answer was cut off before its JSON was complete: give a larger maxTokens, or a schema that bounds its texts and arrays"
    : `The answer doesn't fit the schema (${issues.join("; ")})`;
  return new IzwiError("INVALID_ANSWER", `${why}. It was: ${start}`);
}
