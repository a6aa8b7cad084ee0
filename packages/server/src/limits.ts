import type { Limits } from "./route-context.js";

export const DEFAULT_LIMITS: Limits = {
  bodyBytes: 16 * 2 ** 20,
  messages: 4096,
  choices: 16,
  inputs: 2048,
  // Longer than any context: by itself, the context is the limit.
  completionTokens: 1_048_576,
};
