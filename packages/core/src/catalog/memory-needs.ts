import { totalmem } from "node:os";
import type { KvCacheType } from "../model.js";
import type { CatalogEntry } from "./catalog.js";

/** What a model needs to answer, in bytes of memory. */
export interface MemoryNeeds {
  /** The weights: the file, which is mapped as it is. */
  weightsBytes: number;
  /** The KV cache for a conversation of `contextLength` tokens. */
  kvCacheBytes: number;
  /** Both, and what the program itself takes. */
  totalBytes: number;
}

/** A conversation of this many tokens is what `fits` is about. */
export const USUAL_CONTEXT_LENGTH = 4096;

/** Node.js, the tokenizer and the buffers of one step. */
const PROGRAM_BYTES = 200e6;

/** The catalogue's numbers are for f16; in q8_0, 32 values are 34 bytes. */
const SHARE_OF_F16 = { f16: 1, q8_0: 34 / 64 };

/** What the catalogue's model needs for one conversation of `contextLength` tokens, with a KV cache of this type. */
export function memoryNeeds(
  { bytes, kvBytesPerToken }: Pick<CatalogEntry, "bytes" | "kvBytesPerToken">,
  contextLength = USUAL_CONTEXT_LENGTH,
  kvCacheType: KvCacheType = "f16",
): MemoryNeeds {
  const kvCacheBytes = kvBytesPerToken * SHARE_OF_F16[kvCacheType] * contextLength;
  return { weightsBytes: bytes, kvCacheBytes, totalBytes: bytes + kvCacheBytes + PROGRAM_BYTES };
}

/** The memory that this process may use: the machine's, or less where a container limits it. */
export function usableMemory(): number {
  const limit = process.constrainedMemory?.() ?? 0;
  // Without a limit the system answers 0, or a number beyond all memory.
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/** Whether that much fits beside what the system and other programs need. */
export function fitsInMemory(totalBytes: number, memory = usableMemory()): boolean {
  return totalBytes <= memory * 0.9;
}
