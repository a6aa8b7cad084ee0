import type { GenerationSettings, LoadModelOptions, ResponseFormat, ToolChoice } from "@izwi/core";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { OpenBackend } from "./backends/backend.js";
import type { Overflow } from "./context-window.js";
import { describe, invalid, isRecord } from "./errors.js";
import type { JsonSchema } from "./schema.js";
import type { OnToolCall, Tools } from "./tools.js";

/** How answers are generated: what is left out is Qwen3's recommendation. */
export type AnswerSettings = Pick<
  GenerationSettings,
  | "topK"
  | "topP"
  | "minP"
  | "repetitionPenalty"
  | "presencePenalty"
  | "frequencyPenalty"
  | "logitBias"
  | "seed"
  | "maxTokens"
  | "stop"
> & {
  /** 0 is greedy: always the most likely token. Default: 0.7, or 0.6 when thinking, as Qwen recommends for that. */
  temperature?: number;
};

/** What a session does at every send, unless that send says otherwise. */
export interface TurnSettings extends AnswerSettings {
  /** Let the model think before it answers, at most `budget` tokens if given. Default: false. */
  thinking?: boolean | { budget: number };
  /** Functions that the model may call. */
  tools?: Tools;
  /**
   * How many times the model may be asked for one answer; each round of tool calls takes one. The last time it isn't
   * offered tools, so that it answers in words. Default: 8.
   */
  maxSteps?: number;
  /** Called before each tool call. Return false to refuse the call. */
  onToolCall?: OnToolCall;
}

/** Where a model runs in this process, and how. */
export type LocalOptions = Pick<
  LoadModelOptions,
  | "backend"
  | "threads"
  | "contextLength"
  | "maxRunning"
  | "maxWaiting"
  | "speculation"
  | "draftModel"
  | "kvCacheType"
  | "modelsDir"
>;

/** An OpenAI-compatible server. Giving one of these sends the conversation there. */
export interface RemoteOptions {
  /** Such as `http://localhost:8080/v1`. Default: `OPENAI_BASE_URL`, else OpenAI's own. */
  baseUrl?: string;
  /** Default: `OPENAI_API_KEY`. Never saved to a session's file. */
  apiKey?: string;
  /** Sent with every request. */
  headers?: Record<string, string>;
}

export interface ChatOptions extends TurnSettings, LocalOptions, RemoteOptions {
  /** Instructions for the whole conversation. Default: none. */
  system?: string;
  /**
   * A path to a GGUF file, a model's name, or `builtin`. Default: qwen3-chat-0.6b-4bit where that is installed, else
   * the small built-in model.
   */
  model?: string;
  /** False: the model sees the system prompt and the newest message only. The history is kept all the same. */
  memory?: boolean;
  /** What happens when the conversation outgrows the context. Default: `error`. */
  overflow?: Overflow;
  /** A backend of your own, or one of `@izwi/sdk/testing`: then `model` only names it. */
  chatBackend?: OpenBackend;
}

export interface SendOptions extends TurnSettings {
  /** Ends the answer with an `ABORTED` error; the history is then as it was before. */
  signal?: AbortSignal;
  /** Whether tools are called, in the first step. Default: `auto`. */
  toolChoice?: ToolChoice;
  /** What the text must be: a regular expression, one of several choices, any JSON. See also `schema`. */
  responseFormat?: ResponseFormat;
}

/** Asks for a value rather than for a text. */
export interface TypedSendOptions<S extends StandardSchemaV1> extends Omit<SendOptions, "responseFormat"> {
  /** A schema of zod 4, or any other Standard Schema. */
  schema: S;
  /** The schema's JSON schema, for one that can't be turned into it by itself. */
  jsonSchema?: JsonSchema;
}

export const DEFAULT_TEMPERATURE = 0.7;
export const DEFAULT_MAX_STEPS = 8;

export const ANSWER_SETTINGS = [
  "temperature",
  "topK",
  "topP",
  "minP",
  "repetitionPenalty",
  "presencePenalty",
  "frequencyPenalty",
  "logitBias",
  "seed",
  "maxTokens",
  "stop",
] as const satisfies (keyof AnswerSettings)[];

const TURN_SETTINGS = [...ANSWER_SETTINGS, "thinking", "tools", "maxSteps", "onToolCall"] as const;

/** The settings of one turn: the send's own before the session's. An explicit undefined changes nothing. */
export function merged(session: TurnSettings, send: TurnSettings): TurnSettings {
  const result: Record<string, unknown> = {};
  for (const name of TURN_SETTINGS) {
    const value = send[name] ?? session[name];
    if (value !== undefined) result[name] = value;
  }
  return result;
}

export function answerSettings(settings: AnswerSettings): AnswerSettings {
  return Object.fromEntries(
    ANSWER_SETTINGS.flatMap((name) => (settings[name] === undefined ? [] : [[name, settings[name]]])),
  );
}

/** Throws `INVALID_REQUEST` for what is wrong in itself; ranges of numbers are the model's matter. */
export function checkTurnSettings(settings: TurnSettings, at = ""): void {
  if (!isRecord(settings)) throw invalid("options", "an object", settings);
  const check = (name: string, ok: boolean, expected: string): void => {
    if (!ok) throw invalid(`${at}${name}`, expected, (settings as Record<string, unknown>)[name]);
  };
  const { logitBias, stop, thinking, maxSteps, onToolCall } = settings;
  for (const name of ANSWER_SETTINGS) {
    if (name === "logitBias" || name === "stop") continue;
    check(name, settings[name] === undefined || Number.isFinite(settings[name]), "a number");
  }
  const texts = (value: unknown) => Array.isArray(value) && value.every((text) => typeof text === "string");
  check("logitBias", logitBias === undefined || isRecord(logitBias), "an object from token id to number");
  check("stop", stop === undefined || typeof stop === "string" || texts(stop), "a text or an array of texts");
  check("thinking", isThinking(thinking), "true, false or { budget: number }");
  check(
    "maxSteps",
    maxSteps === undefined || (Number.isInteger(maxSteps) && Number(maxSteps) >= 1),
    "a whole number above 0",
  );
  check("onToolCall", onToolCall === undefined || typeof onToolCall === "function", "a function");
}

function isThinking(value: unknown): boolean {
  if (value === undefined || typeof value === "boolean") return true;
  return isRecord(value) && Number.isInteger(value["budget"]) && (value["budget"] as number) >= 0;
}

const OVERFLOWS: unknown[] = ["error", "slide", "summarize"];

/** Checks what isn't a setting of a turn. */
export function checkChatOptions(options: ChatOptions): void {
  checkTurnSettings(options);
  const { overflow } = options;
  for (const name of ["system", "model", "baseUrl", "apiKey", "modelsDir"] as const) {
    if (options[name] !== undefined && typeof options[name] !== "string") throw invalid(name, "a text", options[name]);
  }
  if (options.memory !== undefined && typeof options.memory !== "boolean") {
    throw invalid("memory", "true or false", options.memory);
  }
  if (overflow !== undefined && typeof overflow !== "function" && !OVERFLOWS.includes(overflow)) {
    throw invalid("overflow", `"error", "slide", "summarize" or a function`, overflow);
  }
  if (options.chatBackend !== undefined && typeof options.chatBackend !== "function") {
    throw invalid("chatBackend", "a function that opens a backend", describe(options.chatBackend));
  }
}
