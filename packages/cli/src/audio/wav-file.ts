import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import type { AudioOutput, AudioTarget } from "./audio-output.js";

/** Heard between two answers in one file. */
const pauseMs = 600;

/**
 * A WAV file that grows while it is spoken: its header has the right length after each answer, so that it can be
 * played whenever the program ends.
 */
export class WavFile implements AudioTarget {
  readonly #path: string;
  #file: FileHandle | undefined;
  #sampleRate = 0;
  #bytes = 0;
  /** Writes go one after the other; a sentence on its way is in the file before the length is. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** Makes the file at once: that it can't be written is better known before anything is said. */
  static async create(path: string): Promise<WavFile> {
    try {
      return new WavFile(path, await open(path, "w"));
    } catch (error) {
      throw new Error(`${path} can't be written: ${(error as Error).message}`, { cause: error });
    }
  }

  async open(sampleRate: number): Promise<AudioOutput> {
    if (this.#sampleRate === 0) {
      this.#sampleRate = sampleRate;
      await this.#writeHeader();
    } else {
      await this.#append(Buffer.alloc(Math.round((this.#sampleRate * pauseMs) / 1000) * 2));
    }
    return {
      write: (bytes) => this.#append(bytes),
      end: () => this.#writeHeader(),
      stop: () => void this.#writeHeader().catch(() => {}),
    };
  }

  async close(): Promise<void> {
    if (this.#file === undefined) return;
    // Nothing was said: an empty file of sound is still a file of sound.
    if (this.#sampleRate === 0) this.#sampleRate = 16_000;
    await this.#writeHeader();
    const file = this.#file;
    this.#file = undefined;
    await file.close();
  }

  #append(bytes: Buffer): Promise<void> {
    return this.#next(async (file) => {
      await file.write(bytes, 0, bytes.length, 44 + this.#bytes);
      this.#bytes += bytes.length;
    });
  }

  async #writeHeader(): Promise<void> {
    const { wavHeader } = await import("@izwi/core");
    await this.#next(async (file) => {
      await file.write(wavHeader(this.#sampleRate, this.#bytes), 0, 44, 0);
    });
  }

  #next(write: (file: FileHandle) => Promise<void>): Promise<void> {
    const done = this.#last.then(async () => {
      if (this.#file !== undefined) await write(this.#file);
    });
    this.#last = done.catch(() => {});
    return done.catch((error: unknown) => {
      throw new Error(`${this.#path} can't be written: ${(error as Error).message}`, { cause: error });
    });
  }
}
