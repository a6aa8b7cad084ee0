import type { ChatRequest } from "@izwi/core";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { ChatBackend } from "./backends/backend.js";

/** Beside a session's file: what the model had computed of it. */
export const cacheFileOf = (path: string): string => `${path}.kv`;

/**
 * Writes the cache's file, or removes an old one where there is nothing to keep: where the model isn't loaded, runs
 * elsewhere, or the conversation is too short.
 */
export async function saveCacheFile(
  path: string,
  backend: ChatBackend | undefined,
  request: ChatRequest,
): Promise<void> {
  const saved = request.messages.length === 0 ? 0 : await backend?.saveCache?.(path, request);
  if (saved === undefined || saved === 0) await rm(path, { force: true });
}

/** Never fails: without the file, or with one that doesn't fit, the conversation is computed again. */
export async function loadCacheFile(path: string, backend: ChatBackend): Promise<void> {
  if (!existsSync(path)) return;
  await backend.loadCache?.(path).catch(() => undefined);
}
