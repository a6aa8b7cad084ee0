/** How fast this machine reads its memory: what decides how fast a model writes. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";

/**
 * Comparing two equal buffers only reads, at the speed of the system's own memcmp; each pair is larger than the
 * processor's caches. All threads begin together, so that they share the memory as an engine's do.
 */
const reader = `
const { parentPort, workerData } = require("node:worker_threads");
const { bytes, ms } = workerData;
const [a, b] = [Buffer.alloc(bytes, 1), Buffer.alloc(bytes, 1)];
parentPort.once("message", () => {
  const begin = performance.now();
  let read = 0;
  let elapsed = 0;
  do {
    if (Buffer.compare(a, b) !== 0) throw new Error("Equal memory differs.");
    read += 2 * bytes;
    elapsed = performance.now() - begin;
  } while (elapsed < ms);
  parentPort.postMessage((read * 1000) / elapsed);
});
parentPort.postMessage(0);
`;

/** In bytes a second, all cores together. */
export async function memoryBandwidth(
  options: { ms?: number; threads?: number; bytes?: number } = {},
): Promise<number> {
  const { ms = 400, threads = Math.min(16, availableParallelism()), bytes = 64 << 20 } = options;
  const workers = Array.from({ length: threads }, () => new Worker(reader, { eval: true, workerData: { bytes, ms } }));
  try {
    await Promise.all(workers.map(answer));
    const rates = workers.map(answer);
    for (const worker of workers) worker.postMessage("begin", []);
    return (await Promise.all(rates)).reduce((sum, rate) => sum + rate, 0);
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function answer(worker: Worker): Promise<number> {
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}
