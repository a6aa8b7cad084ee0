import { loadAddon } from "./native.js";

/**
 * Bytes per second that `threads` threads, by default as many as a model gets, read from memory together: the limit that
 * decoding is held against, since every token reads all weights. Measured on 1 GiB in about half a second, off the event
 * loop; undefined if that much memory can't be had.
 */
export async function memoryBandwidth(threads?: number): Promise<number | undefined> {
  return (await loadAddon().memoryBandwidth(threads)) ?? undefined;
}
