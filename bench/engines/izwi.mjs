/** Izwi, through @izwi/core as any program uses it. */
import { loadModel } from "@izwi/core";
import { serve } from "./serve.mjs";

await serve(async ({ path, threads, contextLength, sequences, kvCacheType }) => {
  const model = await loadModel(path, {
    backend: "cpu",
    threads,
    contextLength,
    maxRunning: sequences,
    kvCacheType,
    speculation: "off",
  });
  const { backend, isa, threads: numThreads, kvCacheBytes, blockSize } = model.info;
  const kvBytesPerPosition = kvCacheBytes / (model.stats().blocksTotal * blockSize);

  /** The usage of a greedy completion. */
  async function complete(tokenIds, maxTokens) {
    for await (const event of model.complete({ tokenIds, maxTokens, temperature: 0, stopTokenIds: [] })) {
      if (event.type === "end") return event.usage;
    }
    throw new Error("The answer had no end.");
  }

  return {
    about: { backend, isa, threads: numThreads, kvBytesPerPosition },
    async prepare(prefixes) {
      for (const ids of prefixes) if (ids.length > 0) await complete(ids, 1);
    },
    async measure(prompts, _cached, generated) {
      const start = performance.now();
      const usages = await Promise.all(prompts.map((ids) => complete(ids, generated)));
      const ms = performance.now() - start;
      const sum = (count) => usages.reduce((total, usage) => total + count(usage), 0);
      return {
        ms,
        prompt: sum((usage) => usage.promptTokens - usage.cachedTokens),
        generated: sum((usage) => usage.completionTokens),
      };
    },
    close: () => model.close(),
  };
});
