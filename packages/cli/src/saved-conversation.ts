/** `--save` and `--resume`: a conversation in a file of @izwi/sdk's session format. */
import { existsSync } from "node:fs";
import path from "node:path";
import type { Transcript } from "@izwi/sdk";
import type { Conversation, Exchange } from "./conversation.js";
import { UsageError } from "./failure.js";
import { samplingOptions } from "./number-options.js";
import type { Sampling } from "./number-options.js";
import type { Printer } from "./printer.js";
import type { ChatSettings } from "./settings.js";

/** Another conversation isn't written over. */
export function checkSavePlace({ save, resume }: ChatSettings): void {
  if (save === undefined || !existsSync(save)) return;
  if (resume !== undefined && path.resolve(resume) === path.resolve(save)) return;
  throw new UsageError(
    `${save} is there already: to go on with it, give --resume ${save} too, or choose another file.`,
  );
}

/** The settings with what the resumed conversation says where nobody said otherwise, and what was said in it. */
export async function resumed(
  asked: ChatSettings,
  printer: Printer,
): Promise<{ settings: ChatSettings; exchanges: Exchange[] }> {
  if (asked.resume === undefined) return { settings: asked, exchanges: [] };
  const { readTranscript } = await import("@izwi/sdk");
  const { model, system, settings, window, messages } = await readTranscript(asked.resume);
  if (window.dropped > 0) printer.notice(`The oldest ${window.dropped} messages are left out, as they were before.`);
  if (messages.some(({ role }) => role === "tool")) printer.notice("Tools that were called are left out.");
  const stop = typeof settings.stop === "string" ? [settings.stop] : (settings.stop ?? []);
  const name = asked.modelAskedFor ? undefined : model?.name;
  return {
    settings: {
      ...asked,
      ...(name !== undefined && { model: name, modelAskedFor: true }),
      ...((asked.system ?? system) !== undefined && { system: asked.system ?? system! }),
      thinking: asked.thinkingAskedFor
        ? asked.thinking
        : settings.thinking !== undefined && settings.thinking !== false,
      sampling: { ...samplingOf(settings), ...asked.sampling },
      stop: asked.stop.length > 0 ? asked.stop : stop,
    },
    exchanges: exchangesOf(messages.slice(window.dropped)),
  };
}

/** Writes the file now, so that a place that can't be written is known before the first answer, and after each answer. */
export async function keepSaved(file: string, conversation: Conversation, model: string): Promise<void> {
  const { writeTranscript } = await import("@izwi/sdk");
  const write = () => writeTranscript(file, transcriptOf(conversation, model));
  await write();
  conversation.onKept = write;
}

function transcriptOf(conversation: Conversation, model: string): Transcript {
  const { system, thinking, sampling, stop, exchanges } = conversation;
  return {
    model: { name: model },
    system,
    memory: true,
    settings: { ...sampling, thinking, ...(stop.length > 0 && { stop }) },
    overflow: undefined,
    window: { dropped: 0 },
    messages: exchanges.flatMap(({ user, assistant, truncated }) => [
      { role: "user" as const, content: user },
      { role: "assistant" as const, content: assistant, ...(truncated && { truncated: true as const }) },
    ]),
  };
}

function samplingOf(settings: Transcript["settings"]): Sampling {
  const given = samplingOptions.map(({ key }) => [key, settings[key]] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

/** A question with the last answer to it; one without an answer isn't sent again. */
function exchangesOf(messages: Transcript["messages"]): Exchange[] {
  const exchanges: Exchange[] = [];
  let user: string | undefined;
  for (const message of messages) {
    if (message.role === "user") user = message.content;
    if (message.role !== "assistant" || user === undefined || message.toolCalls !== undefined) continue;
    exchanges.push({ user, assistant: message.content, truncated: "truncated" in message });
    user = undefined;
  }
  return exchanges;
}
