import type { ChatBackend } from "./backends/backend.js";
import type { HistoryMessage, Turn } from "./history.js";

const INSTRUCTIONS =
  "You keep the notes of a conversation. Write down in short sentences what must not be forgotten: names, facts, " +
  "decisions, open questions. Write nothing else.";

/** Most tokens of a summary, where the context is large. */
const SUMMARY_TOKENS = 400;

/**
 * What stands for turns that are left out: the model's own summary of them and of the summary before. Turns that are too
 * long to be read at once are shortened from their front.
 */
export async function summarize(
  backend: ChatBackend,
  before: string | undefined,
  turns: readonly Turn[],
  budget: number,
  signal: AbortSignal,
): Promise<string> {
  const lines = turns.flat().map(line);
  const maxTokens = Math.min(SUMMARY_TOKENS, Math.floor(budget / 4));
  for (;;) {
    const notes = before === undefined ? "" : `The notes so far:\n${before}\n\n`;
    const request = {
      messages: [
        { role: "system" as const, content: INSTRUCTIONS },
        { role: "user" as const, content: `${notes}What was said since:\n${lines.join("\n")}\n\nWrite the notes.` },
      ],
      temperature: 0,
      maxTokens,
      thinking: false,
    };
    const tokens = await backend.countTokens(request);
    if (tokens !== undefined && tokens > budget && lines.length > 1) {
      lines.splice(0, Math.ceil(lines.length / 4));
      continue;
    }
    let text = "";
    for await (const event of backend.chat(request, { signal })) if (event.type === "text-delta") text += event.text;
    return text.trim() || (before ?? "");
  }
}

function line(message: HistoryMessage): string {
  switch (message.role) {
    case "user":
      return `User: ${message.content}`;
    case "tool":
      return `Result of ${message.name ?? "a tool"}: ${message.content}`;
    case "assistant": {
      const calls = (message.toolCalls ?? []).map((call) => `(calls ${call.name} with ${call.arguments})`);
      return `Assistant: ${[message.content, ...calls].filter(Boolean).join(" ")}`;
    }
  }
}
