/** Izwi, through @izwi/core as any program uses it. */
import { loadModel } from "@izwi/core";
import { CONTEXT_LENGTH } from "../workloads.mjs";
import { serve } from "./serve.mjs";

await serve(async ({ path, threads }) => {
  const model = await loadModel(path, { backend: "cpu", threads, contextLength: CONTEXT_LENGTH });
  const { backend, isa, threads: numThreads } = model.info;

  /** The end event of a greedy completion. */
  async function complete(tokenIds, maxTokens) {
    for await (const event of model.complete({ tokenIds, maxTokens, temperature: 0, stopTokenIds: [] })) {
      if (event.type === "end") return event;
    }
    throw new Error("The answer had no end.");
  }

  return {
    about: { backend, isa, threads: numThreads },
    async measure({ cached, generated }, tokenIds) {
      if (cached > 0) await complete(tokenIds.slice(0, cached), 1);
      const start = performance.now();
      const { usage } = await complete(tokenIds, generated);
      const ms = performance.now() - start;
      return { ms, prompt: usage.promptTokens - usage.cachedTokens, generated: usage.completionTokens };
    },
    close: () => model.close(),
  };
});
