import { newId, nextTime } from "./message.js";
import type { ChatSettings } from "./settings.js";
import type { ContextWindow } from "./window.js";

/** All of a conversation but its messages. */
export interface Conversation {
  id: string;
  title: string;
  /** The person chose the title, so that no message changes it. */
  renamed?: boolean;
  createdAt: number;
  updatedAt: number;
  /** Undefined leaves the choice to the server. */
  model?: string;
  system: string;
  settings: ChatSettings;
  /** Missing while the model is sent all of it. */
  window?: ContextWindow;
  /** The last message of the branch that is shown; null for none. */
  leafId: string | null;
}

export const UNTITLED = "New chat";

export function newConversation(from: Partial<Conversation> = {}): Conversation {
  const now = nextTime();
  return {
    title: UNTITLED,
    system: "",
    settings: {},
    ...from,
    id: newId(),
    createdAt: now,
    updatedAt: now,
    leafId: null,
  };
}

const LONGEST_TITLE = 60;

/** A title from the first question: its first line, cut between words. */
export function titleOf(question: string): string {
  const line = question
    .split("\n")
    .map((part) => part.replace(/^[#>*\-\s`]+/, "").trim())
    .find((part) => part !== "");
  if (line === undefined) return UNTITLED;
  if (line.length <= LONGEST_TITLE) return line;
  const cut = line.slice(0, LONGEST_TITLE);
  const space = cut.lastIndexOf(" ");
  return `${(space > LONGEST_TITLE / 2 ? cut.slice(0, space) : cut).replace(/[\s.,;:]+$/, "")}…`;
}

/** Conversations by when they were last used, for the sidebar. */
export function groupByAge(
  list: readonly Conversation[],
  now: number,
): { label: string; conversations: Conversation[] }[] {
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  const day = 86_400_000;
  const groups = [
    { label: "Today", since: midnight },
    { label: "Yesterday", since: midnight - day },
    { label: "Previous 7 days", since: midnight - 7 * day },
    { label: "Previous 30 days", since: midnight - 30 * day },
    { label: "Older", since: -Infinity },
  ].map((group) => ({ ...group, conversations: [] as Conversation[] }));
  for (const conversation of [...list].sort((a, b) => b.updatedAt - a.updatedAt)) {
    groups.find(({ since }) => conversation.updatedAt >= since)?.conversations.push(conversation);
  }
  return groups.filter(({ conversations }) => conversations.length > 0);
}
