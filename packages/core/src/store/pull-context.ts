import type { Environment } from "./hub/hub-settings.js";
import type { RetryPolicy } from "./download/retry.js";
import type { ProgressReport } from "./pull-progress.js";
import type { TargetContext } from "./pull-target.js";

/** Times and sizes of a pull. */
export interface PullTuning {
  /** For connecting, and for an answer's beginning. */
  timeoutMs: number;
  /** A connection on which nothing comes for so long is given up, and another one tried. */
  stallMs: number;
  retry: RetryPolicy;
  /** Most bytes that are asked for by one request. */
  segmentBytes: number;
  /** How often the progress is noted on the disk. */
  saveEveryMs: number;
  /** How often progress is told. */
  progressEveryMs: number;
  /** How often another process's lock is tried. */
  pollMs: number;
}

/** What all steps of one pull share. */
export interface PullContext extends TargetContext {
  env: Environment;
  home: string;
  offline: boolean;
  force: boolean;
  reuse: boolean;
  connections: number;
  tuning: PullTuning;
  report: ProgressReport;
}
