/** How fast bytes come, over the last seconds. */
export class Rate {
  readonly #windowMs: number;
  readonly #now: () => number;
  #samples: { at: number; bytes: number }[] = [];

  constructor(windowMs = 5000, now: () => number = () => performance.now()) {
    this.#windowMs = windowMs;
    this.#now = now;
  }

  /** So many bytes are there in all. */
  add(bytes: number): void {
    const at = this.#now();
    const last = this.#samples.at(-1);
    // Chunks come by the thousand; ten samples a second are enough.
    if (last !== undefined && this.#samples.length > 1 && at - this.#samples.at(-2)!.at < 100) last.bytes = bytes;
    else this.#samples.push({ at, bytes });
    while (this.#samples.length > 2 && at - this.#samples[0]!.at > this.#windowMs) this.#samples.shift();
  }

  /** What was there is gone, as when a download begins anew. */
  reset(): void {
    this.#samples = [];
  }

  get bytesPerSecond(): number {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined) return 0;
    const seconds = (this.#now() - first.at) / 1000;
    return seconds > 0 ? Math.max(0, last.bytes - first.bytes) / seconds : 0;
  }

  /** How long `bytes` more will take, in milliseconds; undefined while nothing comes. */
  etaMs(bytes: number): number | undefined {
    const rate = this.bytesPerSecond;
    return rate > 0 ? Math.round((bytes / rate) * 1000) : undefined;
  }
}
