import type { StandardSchemaV1 } from "@standard-schema/spec";
import { chat } from "./chat.js";
import type { InferOutput } from "./schema.js";
import type { Session } from "./session.js";
import type { ChatOptions, SendOptions, TypedSendOptions } from "./settings.js";

export type AskOptions = Omit<ChatOptions, "memory" | "overflow"> & SendOptions;
export type TypedAskOptions<S extends StandardSchemaV1> = Omit<ChatOptions, "memory" | "overflow"> &
  TypedSendOptions<S>;

/** For how long the model stays loaded after a question, for the next one. The program may end meanwhile. */
const KEEP_MS = 10_000;

/** Asks one question, without a conversation: gives the answer's text, or with a `schema` the validated value. */
export async function ask<S extends StandardSchemaV1>(
  question: string,
  options: TypedAskOptions<S>,
): Promise<InferOutput<S>>;
export async function ask(question: string, options?: AskOptions): Promise<string>;
export async function ask(
  question: string,
  options: AskOptions & Partial<TypedAskOptions<StandardSchemaV1>> = {},
): Promise<unknown> {
  const { signal, toolChoice, responseFormat, schema, jsonSchema, ...rest } = options;
  const session = chat(rest);
  const given = { signal, toolChoice, responseFormat, schema, jsonSchema };
  const sending = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  try {
    return await session.send(question, sending);
  } finally {
    closeLater(session);
  }
}

function closeLater(session: Session): void {
  setTimeout(() => void session.close().catch(() => undefined), KEEP_MS).unref();
}
