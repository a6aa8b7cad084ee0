import { IzwiError } from "../errors.js";
import { Rate } from "./download/rate.js";
import type { RetryNotice } from "./download/retry.js";
import type { Candidate } from "./foreign-stores.js";
import type { LinkKind } from "./link-file.js";

/** What a pull is doing. Each event stands for itself; the last one that says `download` has all the bytes. */
export type PullProgress =
  /** The server is asked for the file's size and hash. */
  | { type: "resolve"; name: string }
  /** Another process pulls the same model; its progress, where it is known. */
  | { type: "wait"; pid: number; bytes?: number; totalBytes?: number }
  /** A file of another program is read, to see whether it is the one. */
  | { type: "search"; store: Candidate["store"]; path: string; bytes: number; totalBytes: number }
  /** It was, and nothing needs to be downloaded. */
  | { type: "link"; store: Candidate["store"]; path: string; how: LinkKind }
  | DownloadProgress
  /** Something failed and is tried again. */
  | ({ type: "retry" } & RetryNotice)
  /** The file's hash is computed. */
  | { type: "verify"; bytes: number; totalBytes: number };

export interface DownloadProgress {
  type: "download";
  /** What is there, an earlier try's included. */
  bytes: number;
  /** Undefined where the server doesn't say. */
  totalBytes?: number;
  /** What was there before this pull. */
  resumedBytes: number;
  bytesPerSecond: number;
  /** Undefined while nothing comes, or the size isn't known. */
  etaMs?: number;
}

/** Turns bytes into events, few enough to be drawn. */
export class ProgressReport {
  readonly #emit: (event: PullProgress) => void;
  readonly #everyMs: number;
  #rate = new Rate();
  #lastAt = -Infinity;
  #bytes = 0;
  #resumedBytes = 0;
  #totalBytes: number | undefined;

  constructor(onProgress: ((event: PullProgress) => void) | undefined, everyMs = 100) {
    this.#emit = (event) => {
      try {
        onProgress?.(event);
      } catch (error) {
        // In the middle of a transfer it would look like a failure of the network, and be tried again.
        throw new IzwiError("INVALID_REQUEST", `onProgress failed: ${String(error)}`, { cause: error });
      }
    };
    this.#everyMs = everyMs;
  }

  event(event: PullProgress): void {
    this.#emit(event);
  }

  /** An event of a kind that comes often; `last` ones are always told. */
  often(event: PullProgress, last: boolean): void {
    const now = performance.now();
    if (!last && now - this.#lastAt < this.#everyMs) return;
    this.#lastAt = last ? -Infinity : now;
    this.#emit(event);
  }

  beginDownload(resumedBytes: number, totalBytes: number | undefined): void {
    this.#rate = new Rate();
    this.#bytes = resumedBytes;
    this.#resumedBytes = resumedBytes;
    this.#totalBytes = totalBytes;
    this.#rate.add(resumedBytes);
    this.#download(true);
  }

  downloaded(bytes: number): void {
    this.#bytes += bytes;
    this.#rate.add(this.#bytes);
    this.#download(this.#bytes === this.#totalBytes);
  }

  #download(last: boolean): void {
    const etaMs = this.#totalBytes === undefined ? undefined : this.#rate.etaMs(this.#totalBytes - this.#bytes);
    this.often(
      {
        type: "download",
        bytes: this.#bytes,
        ...(this.#totalBytes !== undefined && { totalBytes: this.#totalBytes }),
        resumedBytes: this.#resumedBytes,
        bytesPerSecond: Math.round(this.#rate.bytesPerSecond),
        ...(etaMs !== undefined && { etaMs }),
      },
      last,
    );
  }
}
