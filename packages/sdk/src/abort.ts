import { aborted } from "./errors.js";

/**
 * Settles like `promise`, or rejects with `ABORTED` as soon as the signal fires. The work behind the promise goes on;
 * a result that comes too late goes to `discard`.
 */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal, discard?: (late: T) => void): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let given = false;
    const stop = onAbort(signal, (reason) => {
      given = true;
      reject(aborted(reason));
    });
    promise.then(
      (value) => {
        stop();
        if (given) discard?.(value);
        else resolve(value);
      },
      (error: unknown) => {
        stop();
        reject(error);
      },
    );
  });
}

type OnAbort = (reason: unknown) => void;

/** What waits for each signal: one listener serves all, as Node warns of a leak where a signal has many. */
const waiting = new WeakMap<AbortSignal, { acts: Set<OnAbort>; listener: () => void }>();

/** Calls `act` when the signal fires, at once if it has fired. Returns what takes it back. */
export function onAbort(signal: AbortSignal | undefined, act: OnAbort): () => void {
  if (signal === undefined) return () => undefined;
  if (signal.aborted) {
    act(signal.reason);
    return () => undefined;
  }
  const { acts } = waiting.get(signal) ?? listen(signal);
  acts.add(act);
  return () => {
    if (acts.delete(act) && acts.size === 0) stop(signal);
  };
}

function listen(signal: AbortSignal): { acts: Set<OnAbort> } {
  const acts = new Set<OnAbort>();
  const listener = (): void => {
    stop(signal);
    for (const act of acts) act(signal.reason);
    acts.clear();
  };
  waiting.set(signal, { acts, listener });
  signal.addEventListener("abort", listener, { once: true });
  return { acts };
}

function stop(signal: AbortSignal): void {
  const found = waiting.get(signal);
  if (found === undefined) return;
  waiting.delete(signal);
  signal.removeEventListener("abort", found.listener);
}
