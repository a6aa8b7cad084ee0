import type { PulledModel, PullOptions, PullProgress } from "@izwi/core";
import { abortable } from "./abort.js";
import { ApiError } from "./openai/errors.js";

/** What a pull does at this moment, and how far it is. */
export interface PullStatus {
  phase: "starting" | "resolving" | "waiting" | "searching" | "linking" | "downloading" | "retrying" | "verifying";
  /** Of the file: what is there, or has been read again where it's searched for or verified. */
  bytes: number;
  /** Undefined where nobody said so yet. */
  totalBytes?: number;
  bytesPerSecond: number;
  /** Undefined while nothing comes. */
  etaMs?: number;
  /** Why something is tried again, and in how long. */
  retry?: { reason: string; delayMs: number };
}

const STARTING: PullStatus = { phase: "starting", bytes: 0, bytesPerSecond: 0 };

type Work = (options: Pick<PullOptions, "signal" | "onProgress">) => Promise<PulledModel>;

/** A pull under way. It goes on whether somebody watches or not, and any number may watch. */
export class ModelPull {
  /** The name that it was asked for with, or the catalogue's. */
  readonly name: string;
  /** Rejects with an `ABORTED` error after `cancel`, whose cause is the reason. */
  readonly finished: Promise<PulledModel>;
  readonly #aborter = new AbortController();
  #status: PullStatus | undefined;
  #over = false;
  #wake: () => void = () => undefined;
  #change = this.#nextChange();

  constructor(name: string, work: Work) {
    this.name = name;
    this.finished = work({ signal: this.#aborter.signal, onProgress: (progress) => this.#note(progress) }).finally(
      () => {
        this.#over = true;
        this.#changed();
      },
    );
    // Perhaps nobody watches.
    this.finished.catch(() => undefined);
  }

  get status(): PullStatus {
    return this.#status ?? STARTING;
  }

  /** Ends it. What came stays on the disk, and the next pull of the same model goes on with it. */
  cancel(reason: ApiError): void {
    this.#aborter.abort(reason);
  }

  /**
   * What happens from now on, at first how far it is; a slow reader gets the newest status and not all of them. Returns
   * the model, or throws what the pull failed with, or `ABORTED` after the signal, with which the reader alone leaves.
   */
  async *watch(signal: AbortSignal): AsyncGenerator<PullStatus, PulledModel> {
    let told: PullStatus | undefined;
    for (;;) {
      const change = this.#change;
      if (this.#status !== undefined && this.#status !== told) yield (told = this.#status);
      else if (this.#over) return this.finished;
      else await abortable(change, signal);
    }
  }

  #note(progress: PullProgress): void {
    this.#status = after(this.status, progress);
    this.#changed();
  }

  #changed(): void {
    const wake = this.#wake;
    this.#change = this.#nextChange();
    wake();
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }
}

function after({ bytes, totalBytes }: PullStatus, progress: PullProgress): PullStatus {
  const before = { bytes, ...(totalBytes !== undefined && { totalBytes }), bytesPerSecond: 0 };
  switch (progress.type) {
    case "resolve":
      return { ...before, phase: "resolving" };
    case "link":
      return { ...before, phase: "linking" };
    case "retry":
      return {
        ...before,
        phase: "retrying",
        retry: { reason: progress.reason, delayMs: Math.round(progress.delayMs) },
      };
    case "wait":
      return { ...before, ...sizes(progress), phase: "waiting" };
    case "search":
      return { ...sizes(progress), bytesPerSecond: 0, phase: "searching" };
    case "verify":
      return { ...sizes(progress), bytesPerSecond: 0, phase: "verifying" };
    case "download": {
      const { bytesPerSecond, etaMs } = progress;
      const eta = etaMs === undefined ? {} : { etaMs: Math.round(etaMs) };
      return { ...sizes(progress), bytesPerSecond: Math.round(bytesPerSecond), ...eta, phase: "downloading" };
    }
  }
}

function sizes({ bytes = 0, totalBytes }: { bytes?: number; totalBytes?: number }) {
  return { bytes, ...(totalBytes !== undefined && { totalBytes }) };
}
