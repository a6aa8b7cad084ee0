import { setMaxListeners } from "node:events";
import { IzwiError } from "../../errors.js";
import type { HttpClient } from "./http.js";
import type { LocatedFile } from "./locate.js";
import type { FileIdentity, PartialFile } from "./partial-file.js";
import type { ByteRange } from "./range-set.js";
import { Backoff, TransientError, type RetryNotice, type RetryPolicy } from "./retry.js";
import { FileChanged, fetchRange, fetchWhole, LinkExpired, RangesIgnored, type Transfer } from "./segment.js";

export interface DownloadOptions {
  http: HttpClient;
  partial: PartialFile;
  /** Where the file is at first. */
  file: LocatedFile;
  /** Asks again where it is: the address has expired, or the file has changed. */
  locate: (signal: AbortSignal) => Promise<LocatedFile>;
  identityOf: (file: LocatedFile) => FileIdentity;
  /** How many requests at the same time. */
  connections: number;
  /** Most bytes by one request. */
  segmentBytes: number;
  stallMs: number;
  retry: RetryPolicy;
  signal: AbortSignal;
  onBytes: (bytes: number) => void;
  onRetry: (notice: RetryNotice) => void;
  /** What was fetched so far is of no use; this file is fetched from its beginning. */
  onRestart: (file: LocatedFile) => void;
}

/** How often a file may change under our hands before we say so. */
const MAX_RESTARTS = 3;

/**
 * Fetches what is missing of a partial file, over several connections where the server can send parts. Returns when
 * all of it is there; its hash isn't checked here.
 */
export async function download(options: DownloadOptions): Promise<LocatedFile> {
  const job = new Download(options);
  for (let restarts = 0; ;) {
    try {
      await job.run();
      return job.file;
    } catch (error) {
      if (error instanceof RangesIgnored) {
        await job.withoutRanges();
      } else if (error instanceof FileChanged && restarts++ < MAX_RESTARTS) {
        await job.withNewFile();
      } else if (error instanceof FileChanged) {
        const message = `${job.file.url.host} sends another file each time it is asked. Try again later.`;
        throw new IzwiError("DOWNLOAD_FAILED", message, { cause: error });
      } else {
        throw error;
      }
    }
  }
}

class Download {
  file: LocatedFile;
  readonly #options: DownloadOptions;
  readonly #transfer: Transfer;
  #ranges: boolean;
  #locating: Promise<LocatedFile> | undefined;

  constructor(options: DownloadOptions) {
    this.file = options.file;
    this.#options = options;
    const { http, partial, stallMs, onBytes } = options;
    this.#transfer = { http, partial, stallMs, onBytes };
    // Without the size there are no parts to ask for.
    this.#ranges = options.file.bytes !== undefined;
  }

  async run(): Promise<void> {
    if (this.#ranges) await this.#inParts();
    else await this.#whole();
  }

  async withoutRanges(): Promise<void> {
    this.#ranges = false;
    await this.#restart();
  }

  async withNewFile(): Promise<void> {
    this.file = await this.#options.locate(this.#options.signal);
    this.#ranges &&= this.file.bytes !== undefined;
    await this.#restart();
  }

  async #restart(): Promise<void> {
    await this.#options.partial.restart(this.#options.identityOf(this.file));
    this.#options.onRestart(this.file);
  }

  /** Several workers take segments from one queue. The first that fails for good stops the others. */
  async #inParts(): Promise<void> {
    const { partial, segmentBytes, connections, signal } = this.#options;
    const queue = partial.there.missing(this.file.bytes ?? 0, segmentBytes);
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    // Each request listens; that is no leak.
    setMaxListeners(0, both);
    let failure: unknown;
    const worker = async () => {
      for (let segment = queue.shift(); segment !== undefined && !both.aborted; segment = queue.shift()) {
        await this.#fetchSegment(segment, both);
      }
    };
    const workers = Array.from({ length: Math.min(connections, queue.length) }, () =>
      worker().catch((error: unknown) => {
        failure ??= error;
        stop.abort();
      }),
    );
    await Promise.all(workers);
    if (failure !== undefined) throw failure;
  }

  async #fetchSegment(segment: ByteRange, signal: AbortSignal): Promise<void> {
    const { partial } = this.#options;
    let position = segment.start;
    await this.#persistently(signal, async () => {
      while (position < segment.end) {
        try {
          const bytes = await fetchRange(this.#transfer, this.file, { start: position, end: segment.end }, signal);
          if (bytes === 0) throw new TransientError(`${this.file.url.host} sent nothing.`);
        } finally {
          // A connection that breaks has still brought what came before.
          position = firstMissing(partial, position, segment.end);
        }
      }
      return position;
    });
  }

  /** From the beginning each time: what came of a file without parts can't be gone on with. */
  async #whole(): Promise<void> {
    const { partial, signal, onRestart, identityOf } = this.#options;
    await this.#persistently(signal, async () => {
      if (partial.there.bytes > 0) {
        await partial.restart(identityOf(this.file));
        onRestart(this.file);
      }
      const bytes = await fetchWhole(this.#transfer, this.file, signal);
      this.file = { ...this.file, bytes };
      return bytes;
    });
  }

  /** Tries `work` again after failures that may pass, with new patience whenever bytes came in between. */
  async #persistently(signal: AbortSignal, work: () => Promise<number>): Promise<void> {
    const { retry, onRetry, partial } = this.#options;
    const backoff = new Backoff(retry, onRetry);
    for (let seen = partial.there.bytes; ;) {
      try {
        await work();
        return;
      } catch (error) {
        if (this.#ranges && partial.there.bytes > seen) backoff.reset();
        seen = partial.there.bytes;
        await backoff.wait(error instanceof LinkExpired ? await this.#relocate(error, signal) : error, signal);
      }
    }
  }

  /** A fresh address; once for all workers that find it expired. */
  async #relocate(expired: LinkExpired, signal: AbortSignal): Promise<Error> {
    const old = this.file;
    const again = new TransientError(expired.message, { cause: expired });
    // Another worker has asked already.
    if (expired.link !== old.url.href) return again;
    this.#locating ??= this.#options.locate(this.#options.signal).finally(() => (this.#locating = undefined));
    const fresh = await this.#locating;
    if (signal.aborted) return expired;
    if (fresh.sha256 !== old.sha256 || (fresh.bytes !== undefined && fresh.bytes !== old.bytes))
      return new FileChanged();
    if (fresh.url.href === old.url.href) return new IzwiError("ACCESS_DENIED", expired.message, { cause: expired });
    this.file = { ...old, url: fresh.url };
    return again;
  }
}

/** The first byte from `position` on that isn't there; `end` when all are. */
function firstMissing(partial: PartialFile, position: number, end: number): number {
  const gap = partial.there.missing(end).find((gap) => gap.end > position);
  return gap === undefined ? end : Math.max(position, gap.start);
}
