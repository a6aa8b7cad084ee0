import { signal } from "@preact/signals";

/** What the address names. */
export type Route = { page: "chat"; conversationId: string | undefined } | { page: "models" };

const BASE = "/chat";

export const route = signal<Route>(routeOf(globalThis.location?.pathname ?? BASE));

/** `/chat`, `/chat/c/ID` or `/chat/models`; anything else below is a new chat. */
export function routeOf(path: string): Route {
  if (path.replace(/\/$/, "") === `${BASE}/models`) return { page: "models" };
  return { page: "chat", conversationId: /^\/chat\/c\/([0-9a-f]+)$/.exec(path)?.[1] };
}

export function pathOf(to: Route): string {
  if (to.page === "models") return `${BASE}/models`;
  return to.conversationId === undefined ? BASE : `${BASE}/c/${to.conversationId}`;
}

export function go(to: Route, { replace = false } = {}): void {
  const path = pathOf(to);
  if (path === pathOf(route.peek())) return;
  if (path !== location.pathname) history[replace ? "replaceState" : "pushState"](null, "", path);
  route.value = to;
}

export function followHistory(): void {
  addEventListener("popstate", () => (route.value = routeOf(location.pathname)));
}
