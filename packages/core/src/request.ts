import { invalid, IzwiError } from "./errors.js";
import type { ChatMessage, Tool } from "./messages.js";
import type {
  NativeChatRequest,
  NativeCompletionRequest,
  NativeGenerationSettings,
  NativeMessage,
  NativeToolCall,
} from "./native-addon.js";
import { toNativeFormat, type ResponseFormat } from "./response-format.js";

/**
 * How an answer is generated. What is left out is Qwen3's recommendation for the mode:
 * temperature 0.6, topP 0.95, topK 20 when thinking, else temperature 0.7, topP 0.8, topK 20.
 */
export interface GenerationSettings {
  /** 0 is greedy: always the most likely token. */
  temperature?: number;
  /** Sample among the `topK` most likely tokens; 0 switches the filter off. */
  topK?: number;
  /** Sample among the most likely tokens whose probabilities sum up to `topP`, above 0 and at most 1. */
  topP?: number;
  /** Drop tokens less likely than `minP` times the most likely one, 0 to 1. */
  minP?: number;
  /** Divide the logits of tokens seen before by this; 1 changes nothing. */
  repetitionPenalty?: number;
  /** Subtract this from the logits of tokens generated before, -2 to 2. */
  presencePenalty?: number;
  /** Subtract this for each time that a token was generated before, -2 to 2. */
  frequencyPenalty?: number;
  /** Token id to a number that is added to its logit. */
  logitBias?: Record<number, number>;
  /** The same seed and settings give the same answer. Whole, from 0 to 2^53 - 1. */
  seed?: number;
  /** End the answer after this many tokens, thinking included. Default: as many as the context holds. */
  maxTokens?: number;
  /** End the answer where one of these appears; the string itself isn't sent. */
  stop?: string | string[];
  /** Send each token's log probability, with this many alternatives, 0 to 20. */
  logprobs?: number;
  /** What the answer's text must be, such as JSON of a schema. Default: any text. */
  responseFormat?: ResponseFormat;
  /**
   * Lower ones go first, from -100 to 100: an answer with a lower priority even takes the place of one that is being
   * generated, which goes on later. One that is passed over often enough gets its turn all the same. Default: 0.
   */
  priority?: number;
  /** Who asks, by any name: where many wait, clients get their turns one after the other. Default: nobody known. */
  client?: string;
  /** Ends the answer: the iteration then rejects with an `ABORTED` error. */
  signal?: AbortSignal;
}

/**
 * Whether the model calls tools: as it likes (`auto`), never (`none`: it isn't told of any), at least once
 * (`required`), or exactly one that is named, once.
 */
export type ToolChoice = "auto" | "none" | "required" | { name: string };

/** One conversation to be answered. */
export interface ChatRequest extends GenerationSettings {
  /** The whole conversation so far, oldest first. What was answered before isn't computed again. */
  messages: ChatMessage[];
  /** Functions that the model may call. */
  tools?: Tool[];
  /** Default: `auto`. A call's arguments are always JSON of the tool's `parameters`, whatever is chosen here. */
  toolChoice?: ToolChoice;
  /** Whether one answer may hold several calls. Default: true. */
  parallelToolCalls?: boolean;
  /**
   * Let the model think before it answers. With a `budget`, the thought is closed after so many tokens and the answer
   * begins. Default: false.
   */
  thinking?: boolean | { budget: number };
  /** Further variables for the model's chat template. */
  templateKwargs?: Record<string, unknown>;
}

/** Token ids to go on from, without a chat template. */
export interface CompletionRequest extends GenerationSettings {
  /** At least one. */
  tokenIds: readonly number[];
  /** Token ids that end the answer. Default: the model's own ends of turn. */
  stopTokenIds?: readonly number[];
}

const U32_MAX = 0xffff_ffff;

/** Checks a request and puts it in the addon's form. Throws `INVALID_REQUEST`, naming the field. */
export function toNativeRequest(request: ChatRequest): NativeChatRequest {
  if (!isRecord(request)) throw invalid("request", "an object with messages", request);
  const { messages } = request;
  if (!Array.isArray(messages)) throw invalid("messages", "an array of messages", messages);
  if (messages.length === 0) throw new IzwiError("INVALID_REQUEST", "messages must hold at least one message.");
  const native: NativeChatRequest = { messages: messages.map(toNativeMessage) };
  if (request.tools !== undefined) native.tools = toolsJson(request.tools);
  if (request.templateKwargs !== undefined) {
    if (!isRecord(request.templateKwargs)) throw invalid("templateKwargs", "an object", request.templateKwargs);
    native.templateKwargs = json("templateKwargs", request.templateKwargs);
  }
  setThinking(native, request.thinking);
  setToolChoice(native, request);
  native.generation = generationSettings(request);
  return native;
}

function setThinking(native: NativeChatRequest, thinking: unknown): void {
  if (thinking === undefined) return;
  if (typeof thinking === "boolean") {
    native.thinking = thinking;
    return;
  }
  if (!isRecord(thinking)) throw invalid("thinking", "true, false or an object with a budget", thinking);
  const { budget } = thinking;
  if (typeof budget !== "number" || !THINKING_BUDGET.accepts(budget)) {
    throw invalid("thinking.budget", THINKING_BUDGET.what, budget);
  }
  // Without a single token there is nothing to think with.
  native.thinking = budget > 0;
  native.thinkingBudget = budget;
}

function setToolChoice(native: NativeChatRequest, request: ChatRequest): void {
  const { toolChoice, parallelToolCalls, tools } = request as { [name in keyof ChatRequest]?: unknown };
  if (parallelToolCalls !== undefined) {
    if (typeof parallelToolCalls !== "boolean") throw invalid("parallelToolCalls", "true or false", parallelToolCalls);
    native.parallelToolCalls = parallelToolCalls;
  }
  if (toolChoice === undefined) return;
  if (toolChoice === "auto" || toolChoice === "none") {
    native.toolChoice = toolChoice;
    return;
  }
  const name = isRecord(toolChoice) ? toolChoice["name"] : undefined;
  if (toolChoice !== "required" && typeof name !== "string") {
    throw invalid("toolChoice", `"auto", "none", "required" or an object with a name`, toolChoice);
  }
  const offered = (tools ?? []) as Tool[];
  if (offered.length === 0) throw new IzwiError("INVALID_REQUEST", "toolChoice needs tools to choose from.");
  if (typeof name !== "string") {
    native.toolChoice = "required";
    return;
  }
  if (!offered.some((tool) => tool.function.name === name)) {
    throw invalid("toolChoice.name", `one of the tools' names`, name);
  }
  native.toolChoice = "named";
  native.toolName = name;
}

/** Checks a completion's request and puts it in the addon's form. Throws `INVALID_REQUEST`, naming the field. */
export function toNativeCompletion(request: CompletionRequest, vocabSize: number): NativeCompletionRequest {
  if (!isRecord(request)) throw invalid("request", "an object with tokenIds", request);
  const native: NativeCompletionRequest = { tokenIds: toTokenIds(request.tokenIds, vocabSize) };
  if (request.stopTokenIds !== undefined) {
    native.stopTokenIds = Array.from(toTokenIds(request.stopTokenIds, vocabSize, "stopTokenIds"));
  }
  native.generation = generationSettings(request);
  return native;
}

function generationSettings(request: GenerationSettings): NativeGenerationSettings {
  const settings: NativeGenerationSettings = {};
  for (const [name, range] of Object.entries(NUMBERS) as [keyof typeof NUMBERS, Range][]) {
    const value = request[name];
    if (value === undefined) continue;
    if (typeof value !== "number" || !range.accepts(value)) throw invalid(name, range.what, value);
    settings[name] = value;
  }
  if (request.client !== undefined) settings.client = string("client", request.client);
  if (request.logitBias !== undefined) settings.logitBias = logitBias(request.logitBias);
  if (request.stop !== undefined) settings.stop = stopStrings(request.stop);
  const format = request.responseFormat === undefined ? undefined : toNativeFormat(request.responseFormat);
  if (format !== undefined) settings.responseFormat = format;
  return settings;
}

interface Range {
  what: string;
  accepts(value: number): boolean;
}

const whole = (min: number, max: number): Range => ({
  what: max >= U32_MAX ? `a whole number of at least ${min}` : `a whole number from ${min} to ${max}`,
  accepts: (value) => Number.isInteger(value) && value >= min && value <= max,
});
const between = (min: number, max: number): Range => ({
  what: max === Infinity ? `a number of at least ${min}` : `a number from ${min} to ${max}`,
  accepts: (value) => Number.isFinite(value) && value >= min && value <= max,
});

const LOGIT_BIAS = between(-100, 100);
const THINKING_BUDGET = whole(0, U32_MAX);

const NUMBERS = {
  temperature: between(0, Infinity),
  topK: whole(0, U32_MAX),
  topP: { what: "a number above 0 and at most 1", accepts: (value) => value > 0 && value <= 1 },
  minP: between(0, 1),
  repetitionPenalty: { what: "a number above 0", accepts: (value) => Number.isFinite(value) && value > 0 },
  presencePenalty: between(-2, 2),
  frequencyPenalty: between(-2, 2),
  seed: whole(0, Number.MAX_SAFE_INTEGER),
  maxTokens: whole(1, U32_MAX),
  logprobs: whole(0, 20),
  priority: whole(-100, 100),
} satisfies Partial<Record<keyof ChatRequest & keyof NativeGenerationSettings, Range>>;

function toNativeMessage(message: ChatMessage, index: number): NativeMessage {
  const at = `messages[${index}]`;
  if (!isRecord(message)) throw invalid(at, "an object with role and content", message);
  const role: unknown = message.role;
  if (role !== "system" && role !== "user" && role !== "assistant" && role !== "tool") {
    throw invalid(`${at}.role`, `"system", "user", "assistant" or "tool"`, role);
  }
  const native: NativeMessage = { role, content: string(`${at}.content`, message.content) };
  if (message.role === "assistant") {
    if (message.reasoningContent !== undefined) {
      native.reasoningContent = string(`${at}.reasoningContent`, message.reasoningContent);
    }
    if (message.toolCalls !== undefined) native.toolCalls = toolCalls(`${at}.toolCalls`, message.toolCalls);
  }
  if (message.role === "tool") {
    if (message.toolCallId !== undefined) native.toolCallId = string(`${at}.toolCallId`, message.toolCallId);
    if (message.name !== undefined) native.name = string(`${at}.name`, message.name);
  }
  return native;
}

function toolCalls(at: string, calls: unknown): NativeToolCall[] {
  if (!Array.isArray(calls)) throw invalid(at, "an array of tool calls", calls);
  return calls.map((call: unknown, index) => {
    if (!isRecord(call)) throw invalid(`${at}[${index}]`, "an object with name and arguments", call);
    const native: NativeToolCall = {
      name: string(`${at}[${index}].name`, call["name"]),
      arguments: string(`${at}[${index}].arguments`, call["arguments"]),
    };
    if (call["id"] !== undefined) native.id = string(`${at}[${index}].id`, call["id"]);
    return native;
  });
}

function toolsJson(tools: unknown): string {
  if (!Array.isArray(tools)) throw invalid("tools", "an array of tools", tools);
  tools.forEach((tool: unknown, index) => {
    const body = isRecord(tool) ? tool["function"] : undefined;
    if (!isRecord(tool) || tool["type"] !== "function" || !isRecord(body)) {
      throw invalid(`tools[${index}]`, `an object with type "function" and a function`, tool);
    }
    const name = string(`tools[${index}].function.name`, body["name"]);
    if (name === "") throw invalid(`tools[${index}].function.name`, "a name", name);
  });
  return json("tools", tools);
}

function logitBias(bias: unknown): { tokenId: number; bias: number }[] {
  if (!isRecord(bias)) throw invalid("logitBias", "an object from token id to number", bias);
  return Object.entries(bias).map(([key, value]) => {
    if (!/^\d+$/.test(key) || Number(key) > U32_MAX) throw invalid("A key of logitBias", "a token id", key);
    if (typeof value !== "number" || !LOGIT_BIAS.accepts(value))
      throw invalid(`logitBias[${key}]`, LOGIT_BIAS.what, value);
    return { tokenId: Number(key), bias: value };
  });
}

function stopStrings(stop: unknown): string[] {
  const list: unknown[] = Array.isArray(stop) ? stop : [stop];
  return list.map((entry, index) => {
    const at = Array.isArray(stop) ? `stop[${index}]` : "stop";
    if (typeof entry !== "string" || entry === "") throw invalid(at, "a string that isn't empty", entry);
    return entry;
  });
}

/** Checks token ids given from outside, where `vocabSize` is the model's number of tokens. */
export function toTokenIds(tokenIds: ArrayLike<number>, vocabSize: number, field = "tokenIds"): Uint32Array {
  if (!Array.isArray(tokenIds) && !ArrayBuffer.isView(tokenIds))
    throw invalid(field, "an array of token ids", tokenIds);
  return Uint32Array.from(tokenIds, (id: number, index) => {
    if (!Number.isInteger(id) || id < 0 || id >= vocabSize) {
      throw invalid(`${field}[${index}]`, `a token id from 0 to ${vocabSize - 1}`, id);
    }
    return id;
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function string(field: string, value: unknown): string {
  if (typeof value !== "string") throw invalid(field, "a string", value);
  return value;
}

function json(field: string, value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    throw new IzwiError("INVALID_REQUEST", `${field} can't be written as JSON.`, { cause: error });
  }
}
