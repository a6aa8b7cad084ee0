/** The peer of a Node program, set as well as it can be: as many threads, f16 KV cache, flash attention as asked, no grammar, no filters. */
import { getLlama } from "node-llama-cpp";
import { serve } from "./serve.mjs";

await serve(async ({ path, threads, contextLength, flashAttention }) => {
  const llama = await getLlama({ gpu: false, build: "never", maxThreads: threads });
  const model = await llama.loadModel({ modelPath: path });
  const context = await model.createContext({ contextSize: contextLength, threads, flashAttention });
  const sequence = context.getSequence();
  let held = [];

  return {
    about: { llamaCpp: llama.llamaCppRelease.release, threads: context.currentThreads, flashAttention },
    async prepare([prefix]) {
      if (prefix.length > 0 && prefix.join() === held.join()) {
        await sequence.eraseContextTokenRanges([{ start: prefix.length, end: sequence.nextTokenIndex }]);
        return;
      }
      await sequence.clearHistory();
      if (prefix.length > 0) await sequence.evaluateWithoutGeneratingNewTokens(prefix);
      held = prefix;
    },
    async measure([ids], cached, generated) {
      const prompt = ids.slice(cached);
      const start = performance.now();
      const tokens = sequence.evaluate(prompt, { temperature: 0, yieldEogToken: true });
      let count = 0;
      while (count < generated && !(await tokens.next()).done) count += 1;
      const ms = performance.now() - start;
      await tokens.return();
      return { ms, prompt: sequence.nextTokenIndex - cached - count + 1, generated: count };
    },
    close: () => llama.dispose(),
  };
});
