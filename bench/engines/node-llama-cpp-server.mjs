/** The peer behind a minimal app, as a Node program would serve it: every sequence of one context decodes in the same batches. */
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { getLlama } from "node-llama-cpp";

const { path, threads, contextLength, sequences, flashAttention } = JSON.parse(process.argv[2]);
const llama = await getLlama({ gpu: false, build: "never", maxThreads: threads });
const model = await llama.loadModel({ modelPath: path });
const context = await model.createContext({ contextSize: contextLength, sequences, threads, flashAttention });
const free = Array.from({ length: sequences }, () => context.getSequence());
const waiting = [];

const take = async () => free.pop() ?? new Promise((resolve) => waiting.push(resolve));
const giveBack = (sequence) => {
  const next = waiting.shift();
  if (next) next(sequence);
  else free.push(sequence);
};

/** Qwen3's template, without thinking. */
function promptOf(messages) {
  const turns = messages.map(({ role, content }) => `<|im_start|>${role}\n${content}<|im_end|>\n`);
  return model.tokenize(`${turns.join("")}<|im_start|>assistant\n<think>\n\n</think>\n\n`, true);
}

const app = new Hono();
app.get("/v1/models", (c) => c.json({ object: "list", data: [{ id: "model", object: "model" }] }));
app.post("/v1/chat/completions", async (c) => {
  const { messages, max_tokens: maxTokens = 128 } = await c.req.json();
  const prompt = promptOf(messages);
  return streamSSE(c, async (stream) => {
    const sequence = await take();
    const send = (value) => stream.writeSSE({ data: JSON.stringify({ object: "chat.completion.chunk", ...value }) });
    let count = 0;
    try {
      await sequence.clearHistory();
      for await (const token of sequence.evaluate(prompt, { temperature: 0, yieldEogToken: true })) {
        count += 1;
        await send({ choices: [{ index: 0, delta: { content: model.detokenize([token]) }, finish_reason: null }] });
        if (count >= maxTokens || stream.aborted) break;
      }
    } finally {
      giveBack(sequence);
    }
    const usage = { prompt_tokens: prompt.length, completion_tokens: count, total_tokens: prompt.length + count };
    await send({ choices: [{ index: 0, delta: {}, finish_reason: "length" }], usage });
    await stream.writeSSE({ data: "[DONE]" });
  });
});

serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => console.log(`@ http://127.0.0.1:${port}`));
