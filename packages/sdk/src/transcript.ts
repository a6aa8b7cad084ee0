import { IzwiError, type ToolCall } from "@izwi/core";
import { readFile } from "node:fs/promises";
import { writeAtomically } from "./atomic-write.js";
import type { ModelIdentity } from "./backends/backend.js";
import type { Overflow, WindowState } from "./context-window.js";
import { describe, isRecord, messageOf } from "./errors.js";
import type { AnswerMessage, HistoryMessage } from "./history.js";
import { answerSettings, checkTurnSettings, type TurnSettings } from "./settings.js";

/** What a session's file holds: everything but functions and keys. */
export interface Transcript {
  model: ModelIdentity | undefined;
  system: string | undefined;
  memory: boolean;
  settings: TurnSettings;
  /** Undefined for a function, which a file can't hold. */
  overflow: Overflow | undefined;
  window: WindowState;
  messages: HistoryMessage[];
}

const FORMAT = "izwi-session";
const VERSION = 1;

/** Writes a transcript as JSON that people can read. The file is there whole or, after a failure, as it was before. */
export async function writeTranscript(path: string, transcript: Transcript): Promise<void> {
  checkPath(path);
  const text = toJson(transcript);
  try {
    await writeAtomically(path, text);
  } catch (error) {
    throw new IzwiError("INVALID_SESSION_FILE", `The session can't be saved to ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Reads what `writeTranscript` wrote, or a person. Throws `INVALID_SESSION_FILE`, saying where the file is wrong. */
export async function readTranscript(path: string): Promise<Transcript> {
  checkPath(path);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const why = missing ? "there is no such file" : messageOf(error);
    throw new IzwiError("INVALID_SESSION_FILE", `The session can't be loaded from ${path}: ${why}.`, { cause: error });
  }
  try {
    return fromJson(text);
  } catch (error) {
    throw new IzwiError("INVALID_SESSION_FILE", `${path} isn't a session's file: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

export function toJson({ model, system, memory, settings, overflow, window, messages }: Transcript): string {
  const { thinking, maxSteps } = settings;
  const file = {
    format: FORMAT,
    version: VERSION,
    model: model ?? null,
    system: system ?? null,
    settings: {
      ...answerSettings(settings),
      memory,
      ...(thinking !== undefined && { thinking }),
      ...(maxSteps !== undefined && { maxSteps }),
      ...(typeof overflow === "string" && { overflow }),
    },
    ...(window.dropped > 0 && { context: window }),
    messages,
  };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

export function fromJson(text: string): Transcript {
  const file = parse(text);
  const { version } = file;
  if (!Number.isInteger(version)) throw wrong("version", "a number", version);
  if ((version as number) > VERSION) {
    throw new Error(`it is of version ${String(version)}, and this Izwi reads up to ${VERSION}. Use a newer Izwi.`);
  }
  if (version !== VERSION) throw wrong("version", String(VERSION), version);
  const system = file["system"] ?? undefined;
  if (system !== undefined && typeof system !== "string") throw wrong("system", "a text or null", system);
  if (!Array.isArray(file["messages"])) throw wrong("messages", "an array", file["messages"]);
  const messages = (file["messages"] as unknown[]).map(toMessage);
  checkPairs(messages);
  return {
    model: toModel(file["model"]),
    system,
    ...toSettings(file["settings"] ?? {}),
    window: toWindow(file["context"], messages),
    messages,
  };
}

function parse(text: string): Record<string, unknown> {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch (error) {
    throw new Error(`it isn't JSON (${messageOf(error)}).`, { cause: error });
  }
  const { format = isTranscript(file) ? FORMAT : undefined } = isRecord(file) ? file : {};
  if (!isRecord(file) || format !== FORMAT) throw new Error(`it lacks "format": "${FORMAT}".`);
  return file;
}

/** One that a person wrote may lack the format's name. */
function isTranscript(file: unknown): boolean {
  return isRecord(file) && Number.isInteger(file["version"]) && Array.isArray(file["messages"]);
}

function toModel(model: unknown): ModelIdentity | undefined {
  if (model === undefined || model === null) return undefined;
  if (!isRecord(model) || typeof model["name"] !== "string" || model["name"] === "") {
    throw wrong("model", "an object with a name", model);
  }
  const { name, sha256 } = model;
  if (sha256 !== undefined && typeof sha256 !== "string") throw wrong("model.sha256", "a text", sha256);
  return { name, ...(sha256 !== undefined && { sha256 }) };
}

function toSettings(settings: unknown): Pick<Transcript, "settings" | "memory" | "overflow"> {
  if (!isRecord(settings)) throw wrong("settings", "an object", settings);
  const { memory = true, overflow, thinking, maxSteps } = settings;
  if (typeof memory !== "boolean") throw wrong("settings.memory", "true or false", memory);
  if (overflow !== undefined && overflow !== "error" && overflow !== "slide" && overflow !== "summarize") {
    throw wrong("settings.overflow", `"error", "slide" or "summarize"`, overflow);
  }
  const known = { ...answerSettings(settings), thinking, maxSteps } as TurnSettings;
  checkTurnSettings(known, "settings.");
  const given = Object.entries(known).filter(([, value]) => value !== undefined);
  return { settings: Object.fromEntries(given), memory, overflow };
}

function toWindow(context: unknown, messages: HistoryMessage[]): WindowState {
  if (context === undefined) return { dropped: 0 };
  const dropped = isRecord(context) ? context["dropped"] : undefined;
  const fits = Number.isInteger(dropped) && (dropped as number) >= 0 && (dropped as number) <= messages.length;
  if (!isRecord(context) || !fits) throw wrong("context.dropped", "a number of messages", dropped);
  // Only at a question, so that no answer or tool result is sent without what it belongs to.
  const next = messages[dropped as number];
  if (next !== undefined && next.role !== "user") throw wrong("context.dropped", "the place of a question", dropped);
  const { summary } = context;
  if (summary !== undefined && typeof summary !== "string") throw wrong("context.summary", "a text", summary);
  return { dropped: dropped as number, ...(summary !== undefined && { summary }) };
}

function toMessage(message: unknown, index: number): HistoryMessage {
  const at = `messages[${index}]`;
  if (!isRecord(message)) throw wrong(at, "an object with role and content", message);
  const { role, content } = message;
  if (typeof content !== "string") throw wrong(`${at}.content`, "a text", content);
  switch (role) {
    case "user":
      return { role, content };
    case "assistant":
      return toAnswer(at, message, content);
    case "tool": {
      const { toolCallId, name } = message;
      if (typeof toolCallId !== "string") throw wrong(`${at}.toolCallId`, "a text", toolCallId);
      if (name !== undefined && typeof name !== "string") throw wrong(`${at}.name`, "a text", name);
      return { role, toolCallId, ...(name !== undefined && { name }), content };
    }
    default:
      throw wrong(`${at}.role`, `"user", "assistant" or "tool" (the system prompt is the field "system")`, role);
  }
}

function toAnswer(at: string, message: Record<string, unknown>, content: string): AnswerMessage {
  const answer: AnswerMessage = { role: "assistant", content };
  const { reasoningContent, toolCalls, truncated } = message;
  if (reasoningContent !== undefined) {
    if (typeof reasoningContent !== "string") throw wrong(`${at}.reasoningContent`, "a text", reasoningContent);
    answer.reasoningContent = reasoningContent;
  }
  if (toolCalls !== undefined) {
    if (!Array.isArray(toolCalls)) throw wrong(`${at}.toolCalls`, "an array", toolCalls);
    answer.toolCalls = toolCalls.map((call, index) => toToolCall(`${at}.toolCalls[${index}]`, call));
  }
  if (truncated !== undefined) {
    if (typeof truncated !== "boolean") throw wrong(`${at}.truncated`, "true", truncated);
    if (truncated) answer.truncated = true;
  }
  return answer;
}

function toToolCall(at: string, call: unknown): ToolCall {
  if (!isRecord(call)) throw wrong(at, "an object with id, name and arguments", call);
  for (const name of ["id", "name", "arguments"]) {
    if (typeof call[name] !== "string") throw wrong(`${at}.${name}`, "a text", call[name]);
  }
  return { id: call["id"] as string, name: call["name"] as string, arguments: call["arguments"] as string };
}

/** Every call has its result right after it, as models and servers demand. */
function checkPairs(messages: readonly HistoryMessage[]): void {
  let waiting: string[] = [];
  messages.forEach((message, index) => {
    if (message.role === "tool") {
      const found = waiting.indexOf(message.toolCallId ?? "");
      if (found < 0) throw new Error(`messages[${index}] is the result of a tool call that isn't there.`);
      waiting.splice(found, 1);
      return;
    }
    if (waiting.length > 0) throw new Error(`messages[${index}] comes before the result of the call ${waiting[0]}.`);
    waiting = message.role === "assistant" ? (message.toolCalls ?? []).map(({ id }) => id!) : [];
  });
  if (waiting.length > 0) throw new Error(`the result of the tool call ${waiting[0]} is missing.`);
}

function checkPath(path: unknown): asserts path is string {
  if (typeof path === "string" && path !== "") return;
  throw new IzwiError("INVALID_REQUEST", `path must be a file's path, but it is ${describe(path)}.`);
}

function wrong(field: string, expected: string, value: unknown): Error {
  return new Error(`${field} must be ${expected}, but it is ${describe(value)}.`);
}
