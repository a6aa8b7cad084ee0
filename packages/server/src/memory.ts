import { freemem, totalmem } from "node:os";
import { IzwiError } from "@izwi/core";

/** What the machine, or the container that this process lives in, has. */
export interface Memory {
  totalBytes(): number;
  availableBytes(): number;
}

/** Node has these since 20.13; its types for 20 know only one of them. */
interface ProcessMemory {
  availableMemory?(): number;
  constrainedMemory?(): number;
}

export const systemMemory: Memory = {
  totalBytes() {
    const limit = (process as ProcessMemory).constrainedMemory?.() ?? 0;
    // Without a limit, some systems say 0 and others a number beyond any machine.
    return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  },
  availableBytes() {
    // macOS counts as free only what has never been used, and so nearly nothing: there the total decides.
    if (process.platform === "darwin") return totalmem();
    return (process as ProcessMemory).availableMemory?.() ?? freemem();
  },
};

const MiB = 2 ** 20;
/** Of all memory, what models may take together; the rest is for everything else. */
const SHARE = 0.9;

/** The memory that a file needs once it is loaded: its weights, and its KV cache where that is known. */
export function neededBytes(fileBytes: number, kvCacheBytes: number | undefined): number {
  return fileBytes + (kvCacheBytes ?? Math.min(Math.max(fileBytes / 4, 16 * MiB), 1024 * MiB));
}

/**
 * Whether a model that needs `needed` bytes fits beside models that take `taken`.
 *
 * Weights are mapped files: the system counts their pages as available although the next answer reads them again. So
 * both are asked: what is available now, and what the loaded models will take in all. A model that would be alone is
 * held against the total only, because the system can take pages from other programs for it.
 */
export function fits(needed: number, taken: number, memory: Memory): boolean {
  const budget = memory.totalBytes() * SHARE - taken;
  return taken === 0 ? needed <= budget : needed <= Math.min(budget, memory.availableBytes());
}

/** "1.3 GB" */
function bytesText(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.ceil(bytes / 1e6)} MB`;
}

/** The error for a model that doesn't fit beside those that can't be unloaded. */
export function noRoom(id: string, needed: number, taken: number, memory: Memory): IzwiError {
  const has = taken > 0 ? `the models that are in use take up to ${bytesText(taken)}, and ` : "";
  return new IzwiError(
    "OUT_OF_MEMORY",
    `There is no room for ${id}, which needs about ${bytesText(needed)}: ${has}this machine has ` +
      `${bytesText(memory.totalBytes())} of memory, ${bytesText(memory.availableBytes())} of it available.`,
  );
}
