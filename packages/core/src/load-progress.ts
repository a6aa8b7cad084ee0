import { abortable } from "./abort.js";
import { fromNativeError } from "./errors.js";
import type { NativeLoad, NativeLoadProgress, NativeModel } from "./native-addon.js";

/** How far the loading of a model is: bytes of its weights that are ready, and all of them. */
export type LoadProgress = NativeLoadProgress;

const INTERVAL_MS = 100;

/**
 * Runs a load and tells how far it is. A load that is aborted, or whose listener throws, is called off in the addon, too;
 * a model that is ready nevertheless is closed.
 */
export async function watchedLoad(
  begin: () => NativeLoad,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: (progress: LoadProgress) => void },
): Promise<NativeModel> {
  const load = begunLoad(begin);
  const failed = new AbortController();
  let told = 0;
  const tell = (): void => {
    const progress = load.progress();
    if (progress.loadedBytes === told) return;
    told = progress.loadedBytes;
    try {
      onProgress?.(progress);
    } catch (error) {
      failed.abort(error);
    }
  };
  const ended = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
  const cancel = (): void => load.cancel();
  ended.addEventListener("abort", cancel, { once: true });
  const timer = onProgress && setInterval(tell, INTERVAL_MS);
  try {
    const model = await abortable(load.run(), ended, (late) => void late.close());
    if (onProgress) tell();
    if (failed.signal.aborted) void model.close();
    failed.signal.throwIfAborted();
    return model;
  } catch (error) {
    throw failed.signal.aborted ? failed.signal.reason : fromNativeError(error);
  } finally {
    clearInterval(timer);
    ended.removeEventListener("abort", cancel);
  }
}

function begunLoad(begin: () => NativeLoad): NativeLoad {
  try {
    return begin();
  } catch (error) {
    throw fromNativeError(error);
  }
}
