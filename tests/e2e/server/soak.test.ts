/** `bench/soak.mjs` before the real server, shorter than it is meant to be: nothing is lost, nothing stays behind. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";

const SECONDS = Number(process.env["IZWI_SOAK_SECONDS"] ?? 20);
const bench = (path: string): string => fileURLToPath(new URL(`../../../bench/${path}`, import.meta.url));

interface State {
  nativeMiB: number;
  heapMiB: number;
  handles: number;
  lagP99Ms: number;
  active: number;
  blocks: { used: number; cached: number; free: number };
}

interface Found {
  problems: string[];
  storm: {
    outcomes: Record<string, number>;
    failures: string[];
    server: { requests: number; statuses: Record<string, number>; completed: number; aborted: number; failed: object };
    before: State;
    after: State;
  };
  stream: { samples: State[]; lagP99Ms: number };
}

let found: Found;
beforeAll(
  async () => {
    // A test must not fail because other programs hold the processor; the event loop has a test of its own.
    const flags = ["--seconds", String(SECONDS), "--requests", "800", "--most-lag-ms", "1000", "--json"];
    const { stdout } = await promisify(execFile)(process.execPath, [bench("soak.mjs"), ...flags]);
    found = JSON.parse(stdout) as Found;
  },
  SECONDS * 3000 + 120_000,
);

it("serves clients who come, go, break off and talk nonsense, and is as before", () => {
  expect(found.problems).toEqual([]);
  const { answered, refused, left, cut, busy } = found.storm.outcomes;
  expect(Math.min(answered!, refused!, left!, cut!, busy!)).toBeGreaterThan(0);
  expect(found.stream.samples.length).toBeGreaterThan(20);
});

describe("what the soak objects to", () => {
  const storm = (change: (storm: Found["storm"]) => void): Promise<string[]> =>
    judged("judgeStorm", found.storm, change);
  const stream = (change: (stream: Found["stream"]) => void): Promise<string[]> =>
    judged("judgeStream", found.stream, change);

  async function judged<T>(name: string, real: T, change: (found: T) => void): Promise<string[]> {
    const module = (await import(bench("soak/judgement.mjs"))) as Record<string, (found: T, most: number) => string[]>;
    const changed = structuredClone(real);
    change(changed);
    return module[name]!(changed, 1000);
  }

  it("answers that are lost, or come from nowhere", async () => {
    const { outcomes, server } = found.storm;
    const gone = outcomes["left"]! + outcomes["cut"]!;
    expect(await storm((it) => (it.server.completed = outcomes["answered"]! - 1))).toHaveLength(1);
    expect(await storm((it) => (it.server.completed += gone + 1))).toHaveLength(1);
    expect(await storm((it) => (it.server.requests -= gone + 1))).toHaveLength(1);
    expect(await storm((it) => (it.server.statuses["429"] = server.statuses["429"]! + gone + 1))).toHaveLength(1);
    expect(await storm((it) => (it.server.failed = { ...server.failed, INTERNAL: 1 }))).toHaveLength(1);
    expect(await storm((it) => it.failures.push("socket hang up"))).toHaveLength(1);
  });

  it("what stays behind", async () => {
    expect(await storm((it) => (it.after.active = 1))).toHaveLength(1);
    expect(await storm((it) => (it.after.lagP99Ms = 1001))).toHaveLength(1);
    expect(await storm((it) => (it.after.nativeMiB += 200))).toHaveLength(1);
    expect(await storm((it) => (it.after.heapMiB += 200))).toHaveLength(1);
    const moveBlock = ({ blocks }: State): void => {
      blocks.used += 1;
      blocks.free -= 1;
    };
    expect(await storm((it) => moveBlock(it.after))).toHaveLength(1);
    const growing = (name: "heapMiB" | "nativeMiB" | "handles"): Promise<string[]> =>
      stream((it) => it.samples.forEach((sample, index) => (sample[name] += index * 5)));
    expect((await growing("heapMiB")).join()).toContain("the heap grew");
    expect((await growing("nativeMiB")).join()).toContain("memory grew");
    expect((await growing("handles")).join()).toContain("handles");
  });
});
