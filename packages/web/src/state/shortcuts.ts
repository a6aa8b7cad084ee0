import { liveAnswers } from "./answering.js";
import { chat, startChat } from "./open-chat.js";
import { drawerOpen, focusComposer, narrow, settingsOpen, shortcutsOpen } from "./view.js";
import { sidebarOpen } from "../storage/preferences.js";

const MAC = /mac|iphone|ipad/i.test(globalThis.navigator?.platform ?? "");
const MOD = MAC ? "⌘" : "Ctrl";

/** What the keys do, for people to read. */
export const SHORTCUTS: readonly { keys: string[]; does: string }[] = [
  { keys: ["Enter"], does: "Send" },
  { keys: ["Shift", "Enter"], does: "New line" },
  { keys: ["Esc"], does: "Stop the answer" },
  { keys: ["/"], does: "Write, or choose a command" },
  { keys: [MOD, "Shift", "O"], does: "New chat" },
  { keys: [MOD, "K"], does: "Search conversations" },
  { keys: [MOD, "B"], does: "Show or hide the sidebar" },
  { keys: [MOD, "."], does: "Show or hide the settings" },
  { keys: ["?"], does: "This list" },
];

export function watchKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const mod = MAC ? event.metaKey : event.ctrlKey;
    const done = mod ? withModifier(event) : !event.ctrlKey && !event.metaKey && !event.altKey && alone(event);
    if (done) event.preventDefault();
  });
}

function withModifier({ key, shiftKey }: KeyboardEvent): boolean {
  const name = key.toLowerCase();
  if (shiftKey && name === "o") {
    startChat();
    focusComposer();
  } else if (shiftKey) return false;
  else if (name === "k") focusSearch();
  else if (name === "b") toggleSidebar();
  else if (name === ".") settingsOpen.value = !settingsOpen.peek();
  else return false;
  return true;
}

function alone({ key, target }: KeyboardEvent): boolean {
  if (key === "Escape") {
    const live = liveAnswers.peek().get(chat.peek().id);
    if (drawerOpen.peek()) drawerOpen.value = false;
    else if (live) live.stop();
    else settingsOpen.value = false;
    return true;
  }
  const writes = target instanceof HTMLElement && target.closest("input, textarea, select, dialog, [role=menu]");
  if (writes) return false;
  if (key === "/") focusComposer();
  else if (key === "?") shortcutsOpen.value = true;
  else return false;
  return true;
}

function toggleSidebar(): void {
  if (narrow.peek()) drawerOpen.value = !drawerOpen.peek();
  else sidebarOpen.value = !sidebarOpen.peek();
}

function focusSearch(): void {
  if (narrow.peek()) drawerOpen.value = true;
  else sidebarOpen.value = true;
  const field = document.getElementById("conversation-search");
  // A sidebar that opens for this has its field a moment later.
  if (field) field.focus();
  else requestAnimationFrame(() => document.getElementById("conversation-search")?.focus());
}
