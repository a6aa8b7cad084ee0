/** Pulling in a test: a home of its own, and no long waits. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pullModel, type PulledModel, type PullOptions, type PullProgress } from "@izwi/core";
import { onTestFinished } from "vitest";
import type { Hub } from "./hub.js";

export const quick = {
  timeoutMs: 2000,
  stallMs: 150,
  retry: { retries: 4, backoffMs: 5, maxBackoffMs: 20 },
  segmentBytes: 4000,
  saveEveryMs: 0,
  progressEveryMs: 0,
  pollMs: 10,
} as const;

export class Place {
  readonly home = mkdtempSync(join(tmpdir(), "izwi-pull-"));
  readonly modelsDir = join(this.home, "models");
  readonly progress: PullProgress[] = [];

  constructor() {
    onTestFinished(() => rmSync(this.home, { recursive: true, force: true }));
  }

  pull(hub: Pick<Hub, "env">, name: string, options: PullOptions = {}): Promise<PulledModel> {
    const { env, tuning, ...more } = options;
    return pullModel(name, {
      modelsDir: this.modelsDir,
      env: hub.env(this.home, env as Record<string, string>),
      onProgress: (progress) => this.progress.push(progress),
      tuning: { ...quick, ...tuning },
      ...more,
    });
  }

  /** Every file in the models directory, by its path there. */
  files(): string[] {
    if (!existsSync(this.modelsDir)) return [];
    const entries = readdirSync(this.modelsDir, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.modelsDir.length + 1))
      .sort();
  }

  kinds(): string[] {
    return [...new Set(this.progress.map(({ type }) => type))];
  }
}
