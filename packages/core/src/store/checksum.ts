import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { throwIfAborted } from "../abort.js";

/** Large enough for the disk, small enough for the event loop: hashing one takes about a millisecond. */
const STEP_BYTES = 1 << 20;

/** The SHA-256 of a file, in hexadecimal. `onBytes` hears after each step how far it is. */
export async function hashFile(
  path: string,
  { signal, onBytes }: { signal?: AbortSignal | undefined; onBytes?: ((bytes: number) => void) | undefined } = {},
): Promise<string> {
  const hash = createHash("sha256");
  const file = await open(path, "r");
  try {
    const buffer = Buffer.allocUnsafe(STEP_BYTES);
    for (let position = 0; ;) {
      throwIfAborted(signal);
      const { bytesRead } = await file.read(buffer, 0, STEP_BYTES, position);
      if (bytesRead === 0) return hash.digest("hex");
      hash.update(buffer.subarray(0, bytesRead));
      position += bytesRead;
      onBytes?.(position);
    }
  } finally {
    await file.close();
  }
}
