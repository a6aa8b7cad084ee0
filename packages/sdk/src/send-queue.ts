/** Runs what is asked of a session one after another, in the order in which it was asked. */
export class SendQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** `work` begins when everything before it has settled, well or badly. */
  add<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Resolves when everything that was added so far has settled. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
