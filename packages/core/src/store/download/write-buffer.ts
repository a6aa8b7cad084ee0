import { fromDiskError } from "../disk-errors.js";
import type { PartialFile } from "./partial-file.js";

/** What comes from the network in small pieces is written in larger ones: each write costs about the same. */
const WRITE_BYTES = 1 << 20;
/** A slow connection's bytes are written so often all the same: they must outlive us, and are progress. */
const WRITE_EVERY_MS = 100;

/** Gathers the pieces of one answer, and writes them to a partial file from `position` on. */
export class WriteBuffer {
  readonly #partial: PartialFile;
  readonly #onBytes: (bytes: number) => void;
  #position: number;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #writtenAt = 0;

  constructor(partial: PartialFile, position: number, onBytes: (bytes: number) => void) {
    this.#partial = partial;
    this.#position = position;
    this.#onBytes = onBytes;
  }

  async add(piece: Buffer): Promise<void> {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes >= WRITE_BYTES || performance.now() - this.#writtenAt >= WRITE_EVERY_MS) await this.flush();
  }

  /** Writes what is gathered, and tells of it afterwards. */
  async flush(): Promise<void> {
    const [pieces, bytes] = [this.#pieces, this.#bytes];
    [this.#pieces, this.#bytes] = [[], 0];
    this.#writtenAt = performance.now();
    if (bytes === 0) return;
    try {
      await this.#partial.write(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, bytes), this.#position);
    } catch (error) {
      throw fromDiskError(error, this.#partial.path);
    }
    this.#position += bytes;
    this.#onBytes(bytes);
  }
}
