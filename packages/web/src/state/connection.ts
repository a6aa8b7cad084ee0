import { signal } from "@preact/signals";
import { ApiFailure, apiKey, call } from "../api/http.js";

/** Whether the page's server answers. */
export const serverDown = signal(false);

/** The server wants a key that this browser doesn't have. */
export const keyWanted = signal(false);

const WHEN_UP_MS = 10_000;
const WHEN_DOWN_MS = 1500;

let timer: ReturnType<typeof setTimeout> | undefined;
const onRecovery = new Set<() => void>();

/** Called whenever the server is back after it was away. */
export function whenBack(listener: () => void): void {
  onRecovery.add(listener);
}

/** Notes what a failed request tells of the server. */
export function noteFailure(error: unknown): void {
  if (!(error instanceof ApiFailure)) return;
  if (error.kind === "unauthorized") keyWanted.value = true;
  if (error.kind === "unreachable" || error.kind === "interrupted") void checkServer();
}

export function setKey(key: string): void {
  apiKey.set(key);
  keyWanted.value = false;
  for (const listener of onRecovery) listener();
}

/** Asks the server whether it's there, now and from then on: often while it's away, seldom while it's there. */
export async function checkServer(): Promise<void> {
  clearTimeout(timer);
  const wasDown = serverDown.peek();
  const down = await isDown();
  serverDown.value = down;
  if (wasDown && !down) for (const listener of onRecovery) listener();
  clearTimeout(timer);
  timer = setTimeout(() => void checkUnlessHidden(), down ? WHEN_DOWN_MS : WHEN_UP_MS);
}

function checkUnlessHidden(): Promise<void> | void {
  if (!document.hidden) return checkServer();
}

async function isDown(): Promise<boolean> {
  try {
    await call("/livez", { signal: AbortSignal.timeout(5000) });
    return false;
  } catch (error) {
    return !(error instanceof ApiFailure) || error.kind === "unreachable";
  }
}

export function watchServer(): void {
  document.addEventListener("visibilitychange", () => void checkUnlessHidden());
  addEventListener("online", () => void checkServer());
  void checkServer();
}
