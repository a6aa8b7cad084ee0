/** How fast a model will write on this machine, before it is downloaded. */
import type { CatalogEntry } from "@izwi/core";

/** The part of the measured bandwidth that reading weights reaches, with everything else that a token takes. */
const efficiency = 0.6;
/** A conversation that is neither new nor full. */
const typicalTokens = 1024;

/**
 * Tokens a second. Each token reads all weights once, or of a mixture of experts (`30b-a3b`: 3 of 30 billion) the
 * active ones, and the conversation's KV cache.
 */
export function predictedSpeed(
  { id, bytes, kvBytesPerToken }: Pick<CatalogEntry, "id" | "bytes" | "kvBytesPerToken">,
  bandwidth: number,
): number {
  const [, all, active] = /-(\d+(?:\.\d+)?)b-a(\d+(?:\.\d+)?)b/.exec(id) ?? [];
  const share = all === undefined || active === undefined ? 1 : Number(active) / Number(all);
  return (bandwidth * efficiency) / (bytes * share + kvBytesPerToken * typicalTokens);
}
