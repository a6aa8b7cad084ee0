import { ExitCode } from "./exit-code.js";

/** The part of `process` that tells of signals. */
export interface SignalSource {
  on(name: NodeJS.Signals, listener: () => void): unknown;
  off(name: NodeJS.Signals, listener: () => void): unknown;
  exit(code: number): void;
}

/** How long closing may take after a signal before the process leaves without it, unless a command needs longer. */
const defaultPatienceMs = 3000;

/**
 * Turns SIGINT, SIGTERM and SIGHUP into one AbortSignal, so that the model is closed on every way out. A session takes
 * SIGINT for itself while it lasts. A second signal leaves at once.
 */
export class StopSignals {
  readonly #source: SignalSource;
  readonly #controller = new AbortController();
  readonly #listeners: [NodeJS.Signals, () => void][];
  #onInterrupt: (() => void) | undefined;
  #exitCode: ExitCode = ExitCode.ok;
  #patienceMs = defaultPatienceMs;

  constructor(source: SignalSource) {
    this.#source = source;
    this.#listeners = [
      ["SIGINT", () => (this.#onInterrupt ? this.#onInterrupt() : this.#stop(ExitCode.interrupted))],
      ["SIGTERM", () => this.#stop(ExitCode.terminated)],
      ["SIGHUP", () => this.#stop(ExitCode.hangup)],
    ];
    for (const [name, listener] of this.#listeners) source.on(name, listener);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The exit code that belongs to the signal that came. */
  get exitCode(): ExitCode {
    return this.#exitCode;
  }

  /** Lets `handler` have SIGINT until the returned function is called. */
  takeInterrupt(handler: () => void): () => void {
    this.#onInterrupt = handler;
    return () => {
      if (this.#onInterrupt === handler) this.#onInterrupt = undefined;
    };
  }

  /** For a command whose orderly end takes time. */
  bePatient(ms: number): void {
    this.#patienceMs = ms;
  }

  dispose(): void {
    for (const [name, listener] of this.#listeners) this.#source.off(name, listener);
  }

  #stop(code: ExitCode): void {
    if (this.signal.aborted) return this.#source.exit(code);
    this.#exitCode = code;
    this.#controller.abort();
    setTimeout(() => this.#source.exit(code), this.#patienceMs).unref();
  }
}
