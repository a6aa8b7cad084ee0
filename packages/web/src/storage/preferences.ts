import { effect, signal, type Signal } from "@preact/signals";
import type { ChatSettings } from "../conversation/settings.js";

export type Theme = "system" | "light" | "dark";

/** A signal whose value outlives the page. What is stored and can't be read counts as absent. */
function stored<Value>(name: string, initial: Value): Signal<Value> {
  const key = `izwi.${name}`;
  const value = signal(read(key, initial));
  effect(() => {
    try {
      localStorage.setItem(key, JSON.stringify(value.value));
    } catch {
      // A browser that keeps nothing: the choice holds until the page is left.
    }
  });
  return value;
}

function read<Value>(key: string, initial: Value): Value {
  try {
    const text = localStorage.getItem(key);
    return text === null ? initial : (JSON.parse(text) as Value);
  } catch {
    return initial;
  }
}

export const theme = stored<Theme>("theme", "system");
export const sidebarOpen = stored("sidebar-open", true);

/** What a new conversation starts with: the choices made last. */
export const lastModel = stored<string | null>("last-model", null);
export const lastSystem = stored("last-system", "");
export const lastSettings = stored<ChatSettings>("last-settings", {});

/** What was typed and not yet sent, by conversation. */
export const drafts = stored<Record<string, string>>("drafts", {});

export function setDraft(id: string, text: string): void {
  if ((drafts.peek()[id] ?? "") === text) return;
  const { [id]: _, ...others } = drafts.peek();
  drafts.value = text === "" ? others : { ...others, [id]: text };
}
