import { abortError, IzwiError } from "../../errors.js";
import { networkFailure, statusFailure, type HttpAnswer, type HttpClient } from "./http.js";
import { contentRange, validatorOf, type LocatedFile } from "./locate.js";
import type { PartialFile } from "./partial-file.js";
import type { ByteRange } from "./range-set.js";
import { TransientError } from "./retry.js";
import { WriteBuffer } from "./write-buffer.js";

/** The server sends the whole file though a part was asked for. */
export class RangesIgnored extends Error {}
/** The file isn't the one any more that was begun with. */
export class FileChanged extends Error {}
/** The address isn't valid any more: a signed one whose time is over. */
export class LinkExpired extends Error {
  /** The address that was asked, before redirects. */
  readonly link: string;

  constructor(message: string, link: URL) {
    super(message);
    this.link = link.href;
  }
}

/** What all requests of one download share. */
export interface Transfer {
  http: HttpClient;
  partial: PartialFile;
  /** Give up a connection on which nothing comes for so long. */
  stallMs: number;
  /** Hears of each piece that was written. */
  onBytes: (bytes: number) => void;
}

const EXPIRED = [401, 403, 404, 410];

/** Fetches what is missing of `range` by one request. Returns how many bytes came. */
export async function fetchRange(
  transfer: Transfer,
  file: LocatedFile,
  range: ByteRange,
  signal: AbortSignal,
): Promise<number> {
  const headers = { range: `bytes=${range.start}-${range.end - 1}` };
  const answer = await transfer.http.get(file.url, { headers, signal });
  try {
    checkRangeAnswer(answer, file, range);
    return await receive(transfer, answer, range.start, range.end, signal);
  } finally {
    answer.discard();
  }
}

/** Fetches the whole file by one request. Returns its size. */
export async function fetchWhole(transfer: Transfer, file: LocatedFile, signal: AbortSignal): Promise<number> {
  const answer = await transfer.http.get(file.url, { signal });
  try {
    if (EXPIRED.includes(answer.status)) throw new LinkExpired(statusFailure(answer).message, file.url);
    if (answer.status !== 200) throw statusFailure(answer);
    checkContent(answer, file);
    const announced = Number(answer.headers["content-length"] ?? Number.NaN);
    if (file.bytes !== undefined && !Number.isNaN(announced) && announced !== file.bytes) throw new FileChanged();
    const bytes = await receive(transfer, answer, 0, file.bytes ?? Infinity, signal);
    if (file.bytes !== undefined && bytes < file.bytes) {
      throw new TransientError(`${answer.url.host} sent ${bytes} of ${file.bytes} bytes.`);
    }
    return bytes;
  } finally {
    answer.discard();
  }
}

function checkRangeAnswer(answer: HttpAnswer, file: LocatedFile, range: ByteRange): void {
  const { status, headers, url } = answer;
  if (EXPIRED.includes(status)) throw new LinkExpired(statusFailure(answer).message, file.url);
  // The file is shorter than it was.
  if (status === 416) throw new FileChanged();
  if (status !== 200 && status !== 206) throw statusFailure(answer);
  checkContent(answer, file);
  if (status === 200) throw new RangesIgnored();
  const sent = contentRange(headers["content-range"]);
  if (sent?.total !== undefined && sent.total !== file.bytes) throw new FileChanged();
  if (sent?.start !== range.start)
    throw new TransientError(`${url.host} sent another part of the file than was asked for.`);
}

function checkContent({ headers, url }: HttpAnswer, file: LocatedFile): void {
  const encoding = headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity") {
    throw new IzwiError("DOWNLOAD_FAILED", `${url.host} sends the file compressed (${encoding}), which can't be used.`);
  }
  // With a hash there is a better check, and storage behind a hub may have marks of its own.
  if (file.sha256 !== undefined || file.validator === undefined) return;
  const validator = validatorOf(headers);
  if (validator !== undefined && validator !== file.validator) throw new FileChanged();
}

/** Writes the body to `start` and on, at most up to `end`. What a server sends beyond that isn't read. */
async function receive(
  { partial, stallMs, onBytes }: Transfer,
  { body, url }: HttpAnswer,
  start: number,
  end: number,
  signal: AbortSignal,
): Promise<number> {
  const stalled = new TransientError(`${url.host} has sent nothing for ${Math.round(stallMs / 100) / 10} seconds.`);
  const watch = new StallWatch(() => body.destroy(stalled));
  watch.start(stallMs);
  const stop = () => void body.destroy(abortError(signal));
  signal.addEventListener("abort", stop, { once: true });
  const buffer = new WriteBuffer(partial, start, onBytes);
  let position = start;
  let failure: unknown;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      watch.pause();
      const wanted = chunk.subarray(0, Math.min(chunk.length, end - position));
      await buffer.add(wanted);
      position += wanted.length;
      if (wanted.length < chunk.length) break;
      // All is there; wait a moment for the answer's end, because then the connection can be used again.
      watch.start(position < end ? stallMs : Math.min(stallMs, 500));
    }
  } catch (error) {
    failure = error;
  } finally {
    watch.pause();
    signal.removeEventListener("abort", stop);
  }
  // What came before a cut counts.
  await buffer.flush();
  if (signal.aborted) throw abortError(signal);
  if (failure !== undefined && position < end) throw networkFailure(url, failure);
  return position - start;
}

/** Tells when nothing comes. Doesn't count while we are busy with what came. */
class StallWatch {
  readonly #onStall: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(onStall: () => void) {
    this.#onStall = onStall;
  }

  start(ms: number): void {
    this.#timer = setTimeout(this.#onStall, ms);
  }

  pause(): void {
    clearTimeout(this.#timer);
  }
}
