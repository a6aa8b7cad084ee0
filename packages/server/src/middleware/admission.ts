import type { MiddlewareHandler } from "hono";
import { abortable, throwIfAborted } from "../abort.js";
import type { HttpMetrics } from "../metrics.js";
import { ApiError } from "../openai/errors.js";
import type { TrackedEnv } from "./request-tracking.js";

export interface AdmissionOptions {
  /** Requests that are worked on at the same time. */
  maxConcurrent: number;
  /** Requests that may wait for their turn; further ones are refused. */
  maxQueued: number;
}

/** Lets a limited number of requests in, and a limited number wait in order. */
export class Admission {
  readonly #maxConcurrent: number;
  readonly #maxQueued: number;
  readonly #waiting = new Set<() => void>();
  #running = 0;

  constructor({ maxConcurrent, maxQueued }: AdmissionOptions) {
    this.#maxConcurrent = maxConcurrent;
    this.#maxQueued = maxQueued;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Waits for a place, and returns what gives it back. Throws when too many wait already, or when the signal fires. */
  async enter(signal: AbortSignal): Promise<() => void> {
    throwIfAborted(signal);
    if (this.#running < this.#maxConcurrent) this.#running++;
    else await this.#wait(signal);
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      this.#leave();
    };
  }

  async #wait(signal: AbortSignal): Promise<void> {
    if (this.#waiting.size >= this.#maxQueued) throw tooMany(this.#running, this.#waiting.size);
    let admit = () => {};
    // Its place is handed over by the request that leaves, so #running stays as it is.
    const turn = new Promise<void>((resolve) => (admit = resolve));
    this.#waiting.add(admit);
    try {
      await abortable(turn, signal);
    } catch (error) {
      // Gone from the queue already: the place came at the same moment, and goes on to the next.
      if (!this.#waiting.delete(admit)) this.#leave();
      throw error;
    }
  }

  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#running--;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}

/** For routes that compute: waits for a place, and keeps it until the answer was sent to its end. */
export function admissionControl(admission: Admission, metrics: HttpMetrics): MiddlewareHandler<TrackedEnv> {
  return async (c, next) => {
    const queuedAt = performance.now();
    const leave = await admission.enter(c.var.signal);
    c.var.onEnd(leave);
    metrics.admitted(performance.now() - queuedAt);
    await next();
  };
}

function tooMany(running: number, waiting: number): ApiError {
  const message = `The server is busy: it answers ${running} requests and ${waiting} more are waiting. Try again later.`;
  // Longer queues take longer to shrink; a minute is as long as most clients wait.
  const seconds = Math.min(60, 1 + Math.ceil(waiting / Math.max(1, running)));
  return new ApiError(
    429,
    { message, type: "rate_limit_error", code: "too_many_requests" },
    { headers: { "retry-after": String(seconds) } },
  );
}
