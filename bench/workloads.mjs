/** What is measured. Each workload is one call in JavaScript, timed from the call to its last token. */

export const QUANTIZATIONS = ["Q4_K_M", "Q8_0"];

/**
 * `cached`: prompt tokens already in the KV cache when the clock starts; `prompt`: tokens prefilled while it runs;
 * `generated`: tokens that the call gives; `rated`: tokens that the figure in tokens per second counts.
 *
 * A decode call prefills one token and gives `generated` of them: as many passes of one token each.
 */
export const WORKLOADS = [
  { name: "prefill-128", cached: 0, prompt: 128, generated: 1, rated: 128 },
  { name: "prefill-512", cached: 0, prompt: 512, generated: 1, rated: 512 },
  { name: "decode-128", cached: 0, prompt: 1, generated: 128, rated: 128 },
  { name: "decode-64-at-2048", cached: 2048, prompt: 1, generated: 64, rated: 64 },
];

/** Holds the longest workload; a multiple of 256, as the peer rounds to. */
export const CONTEXT_LENGTH = 2304;

/** Run once before the clock is used: pages in the weights and fills the caches. */
export const WARM_UP = { name: "warm-up", cached: 0, prompt: 64, generated: 8, rated: 8 };

/** Ids of ordinary tokens in Qwen3's vocabulary are below this. */
const NUM_ORDINARY_TOKENS = 151_643;

/** Token ids that differ from call to call from the first one on, so that no cached prefix helps. */
export function promptTokens(count, seed) {
  let state = (seed * 2_654_435_761) >>> 0;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * NUM_ORDINARY_TOKENS);
  });
}
