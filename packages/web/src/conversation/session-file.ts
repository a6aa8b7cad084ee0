import { newConversation, titleOf, UNTITLED, type Conversation } from "./conversation.js";
import { newId, nextTime, type Message, type ToolCall } from "./message.js";
import type { ChatSettings } from "./settings.js";
import { numLeftOut, OVERFLOWS, type ContextWindow } from "./window.js";

// The file of the SDK's sessions: what is exported here, `chat.load(path)` reads, and the other way round.
const FORMAT = "izwi-session";
const VERSION = 1;

const NUMBERS = [
  "temperature",
  "topK",
  "topP",
  "minP",
  "repetitionPenalty",
  "presencePenalty",
  "frequencyPenalty",
  "seed",
  "maxTokens",
] as const;

/** One branch of a conversation as a session's file. A question that has no answer is left out, as sessions do. */
export function toSessionFile(conversation: Conversation, path: readonly Message[]): string {
  const { model, system, settings, window } = conversation;
  const messages = answered(path);
  const leftOut = new Set(path.slice(0, numLeftOut(path, window)));
  const dropped = messages.filter((message) => leftOut.has(message)).length;
  const file = {
    format: FORMAT,
    version: VERSION,
    model: model === undefined ? null : { name: model },
    system: system === "" ? null : system,
    settings: { ...settings, memory: settings.memory ?? true },
    ...(dropped > 0 && { context: { dropped, ...(window?.summary !== undefined && { summary: window.summary }) } }),
    messages: messages.map(toEntry),
  };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

/** A name for the file, of letters that every system takes. */
export function fileName(title: string): string {
  const plain = title
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "");
  return `${plain.slice(0, 48) || "chat"}.json`;
}

function answered(path: readonly Message[]): Message[] {
  const usable = path.filter(
    ({ role, content, error }) => role !== "assistant" || content !== "" || error === undefined,
  );
  return usable.filter((message, index) => message.role !== "user" || usable[index + 1]?.role === "assistant");
}

function toEntry(message: Message): object {
  const { role, content, reasoning, end, toolCalls, toolCallId, toolName } = message;
  if (role === "user") return { role, content };
  if (role === "tool") return { role, toolCallId, ...(toolName !== undefined && { name: toolName }), content };
  return {
    role,
    content,
    ...(reasoning !== undefined && reasoning !== "" && { reasoningContent: reasoning }),
    ...(toolCalls !== undefined && { toolCalls }),
    ...(end !== "stop" && { truncated: true }),
  };
}

export interface Imported {
  conversation: Conversation;
  messages: Message[];
}

/** Reads a session's file. Throws an error that says what is wrong with it. */
export function fromSessionFile(text: string, name?: string): Imported {
  const file = parse(text);
  const { system, settings, messages } = file;
  if (system !== undefined && system !== null && typeof system !== "string") throw wrong("system", "a text or null");
  if (!Array.isArray(messages)) throw wrong("messages", "an array");
  const model = isRecord(file["model"]) ? file["model"]["name"] : undefined;
  const conversation = newConversation({
    ...(typeof model === "string" && { model }),
    system: system ?? "",
    settings: toSettings(settings),
  });
  let parentId: string | null = null;
  const entries = (messages as unknown[]).map((entry, index): Message => {
    const message = toMessage(entry, `messages[${index}]`, { conversationId: conversation.id, parentId });
    parentId = message.id;
    return message;
  });
  checkPairs(entries);
  const window = toWindow(file["context"], entries);
  const question = entries.find(({ role }) => role === "user");
  const title = question ? titleOf(question.content) : (name?.replace(/\.json$/i, "") ?? UNTITLED);
  return { conversation: { ...conversation, ...(window && { window }), title, leafId: parentId }, messages: entries };
}

function parse(text: string): Record<string, unknown> {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch (error) {
    throw new Error("The file isn't JSON.", { cause: error });
  }
  if (!isRecord(file)) throw new Error("The file isn't an Izwi session.");
  const { version, messages } = file;
  // One that a person wrote may lack the format's name.
  const { format = Number.isInteger(version) && Array.isArray(messages) ? FORMAT : undefined } = file;
  if (format !== FORMAT) throw new Error("The file isn't an Izwi session.");
  if (typeof version === "number" && version > VERSION) throw new Error("The file is of a newer Izwi.");
  if (version !== VERSION) throw wrong("version", String(VERSION));
  return file;
}

function toSettings(value: unknown): ChatSettings {
  if (value === undefined || value === null) return {};
  if (!isRecord(value)) throw wrong("settings", "an object");
  const settings: ChatSettings = {};
  for (const name of NUMBERS) {
    const number = value[name];
    if (number === undefined) continue;
    if (typeof number !== "number" || !Number.isFinite(number)) throw wrong(`settings.${name}`, "a number");
    settings[name] = number;
  }
  const { thinking, memory, stop, logitBias } = value;
  if (typeof thinking === "boolean") settings.thinking = thinking;
  if (isRecord(thinking) && typeof thinking["budget"] === "number") settings.thinking = { budget: thinking["budget"] };
  if (memory === false) settings.memory = false;
  if (typeof stop === "string" || (Array.isArray(stop) && stop.every((each) => typeof each === "string"))) {
    settings.stop = stop;
  }
  const { overflow, maxSteps } = value;
  if (overflow !== undefined) {
    const known = OVERFLOWS.find((each) => each === overflow);
    if (known === undefined) throw wrong("settings.overflow", `"error", "slide" or "summarize"`);
    settings.overflow = known;
  }
  if (maxSteps !== undefined) {
    if (!Number.isInteger(maxSteps) || Number(maxSteps) < 1) throw wrong("settings.maxSteps", "a number from 1");
    settings.maxSteps = Number(maxSteps);
  }
  if (isRecord(logitBias)) settings.logitBias = logitBias as Record<string, number>;
  return settings;
}

/** What of the messages isn't sent any more: their beginning, up to a question. */
function toWindow(context: unknown, messages: readonly Message[]): ContextWindow | undefined {
  if (context === undefined) return undefined;
  const { dropped, summary } = isRecord(context) ? context : {};
  const number = Number.isInteger(dropped) ? Number(dropped) : -1;
  if (number < 0 || number > messages.length) throw wrong("context.dropped", "a number of messages");
  if ((messages[number]?.role ?? "user") !== "user") throw wrong("context.dropped", "the place of a question");
  if (summary !== undefined && typeof summary !== "string") throw wrong("context.summary", "a text");
  const last = messages[number - 1];
  return last && { after: last.id, ...(summary !== undefined && { summary }) };
}

type Place = Pick<Message, "conversationId" | "parentId">;

function toMessage(entry: unknown, at: string, place: Place): Message {
  if (!isRecord(entry)) throw wrong(at, "an object with role and content");
  const { role, content } = entry;
  if (typeof content !== "string") throw wrong(`${at}.content`, "a text");
  const base = { ...place, id: newId(), content, createdAt: nextTime() };
  if (role === "user") return { ...base, role };
  if (role === "tool") {
    const { toolCallId, name } = entry;
    if (typeof toolCallId !== "string") throw wrong(`${at}.toolCallId`, "a text");
    return { ...base, role, toolCallId, ...(typeof name === "string" && { toolName: name }) };
  }
  if (role !== "assistant") throw wrong(`${at}.role`, `"user", "assistant" or "tool"`);
  const { reasoningContent, toolCalls, truncated } = entry;
  return {
    ...base,
    role,
    end: truncated === true ? "interrupted" : "stop",
    ...(typeof reasoningContent === "string" && { reasoning: reasoningContent }),
    ...(Array.isArray(toolCalls) && { toolCalls: toolCalls.map((call) => toToolCall(call, `${at}.toolCalls`)) }),
  };
}

function toToolCall(call: unknown, at: string): ToolCall {
  if (isRecord(call)) {
    const { id, name, arguments: args } = call;
    if (typeof id === "string" && typeof name === "string" && typeof args === "string") {
      return { id, name, arguments: args };
    }
  }
  throw wrong(at, "objects with id, name and arguments");
}

/** Every call has its result right after it; a server would refuse anything else. */
function checkPairs(messages: readonly Message[]): void {
  let waiting = new Set<string>();
  for (const [index, message] of messages.entries()) {
    if (message.role === "tool") {
      if (!waiting.delete(message.toolCallId ?? "")) throw wrong(`messages[${index}]`, "the result of a tool call");
      continue;
    }
    if (waiting.size > 0) throw wrong(`messages[${index}]`, "a tool call's result");
    waiting = new Set(message.toolCalls?.map(({ id }) => id));
  }
  if (waiting.size > 0) throw new Error("The file lacks the result of a tool call.");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wrong(field: string, expected: string): Error {
  return new Error(`The file's ${field} must be ${expected}.`);
}
