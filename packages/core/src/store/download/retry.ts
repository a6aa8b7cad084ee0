import { setTimeout as sleep } from "node:timers/promises";
import { abortError, IzwiError } from "../../errors.js";

/** A failure that may be over when one tries again. */
export class TransientError extends Error {
  override readonly name = "TransientError";
  /** How long the server asks to wait. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: ErrorOptions & { retryAfterMs?: number | undefined } = {}) {
    super(message, options);
    this.retryAfterMs = options.retryAfterMs;
  }
}

export interface RetryPolicy {
  /** How often to try again, in a row, without any progress. */
  retries: number;
  /** The first pause; each further one is twice as long. */
  backoffMs: number;
  maxBackoffMs: number;
}

/** About two minutes in all: a wireless network comes back, a proxy restarts. */
export const PATIENT: RetryPolicy = { retries: 8, backoffMs: 500, maxBackoffMs: 30_000 };

/** A server that asks for a longer pause is told about to the person instead. */
const MAX_RETRY_AFTER_MS = 5 * 60_000;

export interface RetryNotice {
  attempt: number;
  retries: number;
  delayMs: number;
  reason: string;
}

/** Counts failures in a row, and waits longer after each. */
export class Backoff {
  readonly #policy: RetryPolicy;
  readonly #onRetry: ((notice: RetryNotice) => void) | undefined;
  #attempt = 0;

  constructor(policy: RetryPolicy, onRetry?: (notice: RetryNotice) => void) {
    this.#policy = policy;
    this.#onRetry = onRetry;
  }

  /** There was progress: the next failure is a first one again. */
  reset(): void {
    this.#attempt = 0;
  }

  /** Waits before the next try; throws when `error` can't be helped by one, or there were enough. */
  async wait(error: unknown, signal: AbortSignal | undefined): Promise<void> {
    if (!(error instanceof TransientError)) throw error;
    const { retries, backoffMs, maxBackoffMs } = this.#policy;
    const { retryAfterMs, message } = error;
    if (this.#attempt >= retries) {
      const tries = retries === 0 ? "" : ` It was tried ${retries + 1} times.`;
      throw new IzwiError("DOWNLOAD_FAILED", `${message}${tries}`, { cause: error });
    }
    if (retryAfterMs !== undefined && retryAfterMs > MAX_RETRY_AFTER_MS) {
      const minutes = Math.ceil(retryAfterMs / 60_000);
      throw new IzwiError("DOWNLOAD_FAILED", `${message} It asks to wait for ${minutes} minutes.`, { cause: error });
    }
    // Half of it by chance, so that many clients don't come back at the same moment.
    const own = Math.min(backoffMs * 2 ** this.#attempt, maxBackoffMs) * (0.5 + Math.random() / 2);
    const delayMs = Math.max(own, retryAfterMs ?? 0);
    this.#attempt++;
    this.#onRetry?.({ attempt: this.#attempt, retries, delayMs, reason: message });
    await sleep(delayMs, undefined, signal && { signal }).catch(() => {});
    if (signal?.aborted) throw abortError(signal);
  }
}

/** Does `work` until it succeeds, or fails for good. */
export async function withRetries<T>(
  backoff: Backoff,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      await backoff.wait(error, signal);
    }
  }
}

/** `Retry-After` in milliseconds: seconds or a date. */
export function retryAfterMs(value: string | undefined, now = Date.now()): number | undefined {
  if (value === undefined) return undefined;
  const seconds = Number(value);
  const ms = value.trim() !== "" && Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
