/** What is measured. Each workload is one call, timed from the call to its last token. */

/**
 * `cached`: prompt tokens of each sequence already in the KV cache when the clock starts; `prompt`: tokens of each that are
 * prefilled while it runs; `generated`: tokens that each gives; `rated`: tokens of each that the figure in tokens per second
 * counts. `sequences`: how many the call runs together. `figure`: what is compared, tokens per second unless it says
 * otherwise. `engines`: who can do it, everyone unless it says otherwise.
 *
 * A decode call prefills one token and gives `generated` of them: as many passes of one token each.
 */
export const WORKLOADS = [
  decode("decode-128", 128),
  decode("decode-64-at-2048", 64, { cached: 2048 }),
  decode("decode-32-at-8192", 32, { cached: 8192 }),
  prefill(128),
  prefill(512),
  prefill(2048),
  ...[1, 4, 8, 16].map((sequences) =>
    decode(`batch-${sequences}`, 64, { cached: 128, sequences, engines: ["izwi", "llama.cpp"] }),
  ),
  // Another program keeps the first core busy.
  decode("decode-128-neighbour", 128, { neighbour: true }),
  // The same loop without JavaScript around it.
  decode("decode-128-rust", 128, { engines: ["izwi", "izwi without JavaScript"] }),
  // From the start of the process; the file is in the page cache.
  { ...prefill(16), name: "start", figure: "ms", contextLength: 2304 },
  // The most memory that a process had in use after reading 2,048 tokens. Only Linux tells it of another process.
  { ...decode("memory", 16, { cached: 2048 }), figure: "MiB", contextLength: 2304, once: true },
].filter(({ figure }) => figure !== "MiB" || process.platform === "linux");

/** Shorter, for a trial. */
export const QUICK = ["decode-128", "prefill-128", "prefill-512", "start"];

function decode(name, generated, more = {}) {
  return { name, figure: "tokens/s", sequences: 1, cached: 0, prompt: 1, generated, rated: generated, ...more };
}

function prefill(prompt) {
  return { ...decode(`prefill-${prompt}`, 1), prompt, rated: prompt };
}

/** Run once before the clock is used: pages in the weights and fills the caches. */
export const WARM_UP = { ...prefill(64), name: "warm-up", generated: 8 };

/** A context that holds each of the workloads; a multiple of 256, as the peers round to. */
export function contextFor(workloads) {
  const most = (workload) => workload.sequences * (workload.cached + workload.prompt + workload.generated);
  const usual = workloads.filter(({ contextLength }) => contextLength === undefined);
  return Math.ceil(Math.max(2304, ...usual.map(most)) / 256) * 256;
}

/** Ids of ordinary tokens in Qwen3's vocabulary are below this. */
const NUM_ORDINARY_TOKENS = 151_643;

/**
 * A workload's prompts. The cached part is the same in every round, so that engines needn't read it again; the rest differs
 * from its first token on, so that no cached prefix helps: between rounds, sequences and lengths.
 */
export function prompts({ sequences, cached, prompt }, round) {
  return Array.from({ length: sequences }, (_, sequence) => [
    ...randomTokens(cached, 1000 + sequence),
    ...randomTokens(prompt, 10_000_000 * (round + 1) + 1000 * prompt + sequence),
  ]);
}

/** Token ids that differ from seed to seed from the first one on. */
export function randomTokens(count, seed) {
  let state = (seed * 2_654_435_761) >>> 0;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * NUM_ORDINARY_TOKENS);
  });
}
