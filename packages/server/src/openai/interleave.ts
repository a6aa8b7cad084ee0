/** An item of one of several sources. */
export interface Interleaved<T> {
  /** The source's place in the list. */
  index: number;
  value: T;
}

/**
 * The items of several sources in the order in which they come. At most `concurrency` sources run at once, and each
 * is asked for its next item only when the last one was taken. The first failure ends all; sources that wait for an
 * item at that moment end when their own signal fires, which is the caller's to do.
 */
export async function* interleave<T>(
  sources: readonly (() => AsyncIterable<T>)[],
  concurrency: number,
): AsyncGenerator<Interleaved<T>, void> {
  type Arrival = { index: number; result: IteratorResult<T, unknown> } | { error: unknown };
  const arrivals: Arrival[] = [];
  const iterators: AsyncIterator<T, unknown>[] = [];
  let wake = (): void => {};
  const arrive = (arrival: Arrival): void => {
    arrivals.push(arrival);
    wake();
  };
  const pull = (index: number): void => {
    iterators[index]!.next().then(
      (result) => arrive({ index, result }),
      (error: unknown) => arrive({ error }),
    );
  };
  const begin = (): void => {
    const index = iterators.length;
    if (index >= sources.length) return;
    iterators.push(sources[index]!()[Symbol.asyncIterator]());
    pull(index);
  };

  try {
    for (let i = 0; i < concurrency; i++) begin();
    for (let open = sources.length; open > 0;) {
      const arrival = arrivals.shift();
      if (arrival === undefined) {
        await new Promise<void>((resolve) => (wake = resolve));
      } else if ("error" in arrival) {
        throw arrival.error;
      } else if (arrival.result.done) {
        open--;
        begin();
      } else {
        yield { index: arrival.index, value: arrival.result.value };
        pull(arrival.index);
      }
    }
  } finally {
    for (const iterator of iterators) iterator.return?.()?.then(undefined, () => undefined);
  }
}
