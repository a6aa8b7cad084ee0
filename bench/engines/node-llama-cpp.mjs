/** The peer, set as well as it can be: as many threads, f16 KV cache, flash attention as asked, no grammar, no filters. */
import { getLlama } from "node-llama-cpp";
import { CONTEXT_LENGTH } from "../workloads.mjs";
import { serve } from "./serve.mjs";

await serve(async ({ path, threads, flashAttention }) => {
  const llama = await getLlama({ gpu: false, build: "never", maxThreads: threads });
  const model = await llama.loadModel({ modelPath: path });
  const context = await model.createContext({ contextSize: CONTEXT_LENGTH, threads, flashAttention });
  const sequence = context.getSequence();

  return {
    about: { llamaCpp: llama.llamaCppRelease.release, threads: context.currentThreads, flashAttention },
    async measure({ cached, generated }, tokenIds) {
      await sequence.clearHistory();
      if (cached > 0) await sequence.evaluateWithoutGeneratingNewTokens(tokenIds.slice(0, cached));
      const prompt = tokenIds.slice(cached);
      const start = performance.now();
      const tokens = sequence.evaluate(prompt, { temperature: 0, yieldEogToken: true });
      let count = 0;
      while (count < generated && !(await tokens.next()).done) count += 1;
      const ms = performance.now() - start;
      await tokens.return();
      return { ms, prompt: prompt.length, generated: count };
    },
    close: () => llama.dispose(),
  };
});
