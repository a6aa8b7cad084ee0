import { freemem, totalmem } from "node:os";
import { IzwiError, usableMemory, type ModelInfo } from "@izwi/core";

/** What the machine, or the container that this process lives in, has. */
export interface Memory {
  totalBytes(): number;
  availableBytes(): number;
}

/** Node has it since 20.13; its types for 20 don't know it. */
interface ProcessMemory {
  availableMemory?(): number;
}

export const systemMemory: Memory = {
  totalBytes: usableMemory,
  availableBytes() {
    // macOS counts as free only what has never been used, and so nearly nothing: there the total decides.
    if (process.platform === "darwin") return totalmem();
    return (process as ProcessMemory).availableMemory?.() ?? freemem();
  },
};

const MiB = 2 ** 20;
/** Of all memory, what models may take together; the rest is for everything else. */
const SHARE = 0.9;

type Needs = Pick<ModelInfo, "weightsBytes" | "scratchBytes" | "kvCacheBytes">;

/** The memory that a loaded model takes at most, together with its draft model. */
export function memoryOf({ draftModel, ...model }: Needs & { draftModel?: Needs | undefined }): number {
  const sum = ({ weightsBytes, scratchBytes, kvCacheBytes }: Needs) => weightsBytes + scratchBytes + kvCacheBytes;
  return sum(model) + (draftModel ? sum(draftModel) : 0);
}

/** The memory that a file will need, guessed: the load itself knows it exactly, and refuses what doesn't fit. */
export function neededBytes(fileBytes: number): number {
  return fileBytes + Math.min(Math.max(fileBytes / 4, 16 * MiB), 1024 * MiB);
}

/**
 * Whether a model that needs `needed` bytes fits beside models that take `taken`.
 *
 * KV caches take memory only as they fill, so that some of what the loaded models will take still counts as available. So
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
