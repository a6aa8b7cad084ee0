/** The requests that aren't answered to their end yet; a server that stops waits for them, or ends them. */
export class ActiveRequests {
  readonly #requests = new Set<AbortController>();
  readonly #onNone = new Set<() => void>();

  get size(): number {
    return this.#requests.size;
  }

  add(request: AbortController): void {
    this.#requests.add(request);
  }

  delete(request: AbortController): void {
    this.#requests.delete(request);
    if (this.#requests.size > 0) return;
    for (const resolve of this.#onNone) resolve();
    this.#onNone.clear();
  }

  /** Resolves when there is none; `false` when that didn't come about in time. */
  async none(withinMs: number): Promise<boolean> {
    if (this.size === 0) return true;
    let timer: NodeJS.Timeout | undefined;
    const done = new Promise<boolean>((resolve) => {
      this.#onNone.add(() => resolve(true));
      if (withinMs !== Infinity) timer = setTimeout(() => resolve(false), withinMs);
    });
    return done.finally(() => clearTimeout(timer));
  }

  abortAll(reason: Error): void {
    for (const request of this.#requests) request.abort(reason);
  }
}
