import { signal } from "@preact/signals";

/** The settings beside the conversation. */
export const settingsOpen = signal(false);
export const shortcutsOpen = signal(false);

/** The sidebar over the page, on screens without room for it beside. */
export const drawerOpen = signal(false);

/** On such a screen. */
export const narrow = signal(false);

const focusListeners = new Set<() => void>();

/** The composer says how it is focused; others ask for it. */
export function onFocusWanted(listener: () => void): () => void {
  focusListeners.add(listener);
  return () => focusListeners.delete(listener);
}

export function focusComposer(): void {
  for (const listener of focusListeners) listener();
}

export function watchWidth(): void {
  const query = matchMedia("(max-width: 820px)");
  const look = () => (narrow.value = query.matches);
  query.addEventListener("change", look);
  look();
}
