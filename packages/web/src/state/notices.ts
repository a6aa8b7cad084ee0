import { signal } from "@preact/signals";

/** A short message at the window's edge that leaves by itself. */
export interface Notice {
  id: number;
  text: string;
  kind: "info" | "error";
  action?: { label: string; run: () => void };
}

export const notices = signal<readonly Notice[]>([]);

/** What a screen reader says; nobody sees it. */
export const announcement = signal("");

const SHORT_MS = 4000;
const LONG_MS = 9000;
let lastId = 0;

export function notify(text: string, options: { kind?: Notice["kind"]; action?: Notice["action"] } = {}): void {
  const { kind = "info", action } = options;
  lastId += 1;
  const id = lastId;
  notices.value = [...notices.value.slice(-2), { id, text, kind, ...(action && { action }) }];
  setTimeout(() => dismiss(id), action || kind === "error" ? LONG_MS : SHORT_MS);
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}
