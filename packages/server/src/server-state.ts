import type { PooledModel } from "./model-pool.js";

/** `loading`: the models that were asked for at the start aren't ready. `draining`: only what runs is finished. */
export type Phase = "loading" | "ready" | "draining";

/** What the health endpoints tell. */
export interface ServerState {
  phase: Phase;
  readonly startedAt: number;
  /** What the owner should know, such as a setting that has no effect. */
  readonly warnings: string[];
  models(): PooledModel[];
}

export function serverState(models: () => PooledModel[], phase: Phase = "ready"): ServerState {
  return { phase, startedAt: Date.now(), warnings: [], models };
}
