import { expect, it } from "vitest";
import { FakeModel } from "./fakes/fake-loader.js";
import { createMetrics } from "./metrics.js";
import type { PooledModel } from "./model-pool.js";
import type { ServedModel } from "./model-source.js";

const lines = async (models: PooledModel[]): Promise<string[]> => {
  const metrics = createMetrics({ active: () => 0, queued: () => 0, models: () => models }, { process: false });
  return (await metrics.text()).split("\n");
};

it("tells what a model's engine guessed, preempted and holds", async () => {
  const model = new FakeModel("a", 1000, {}, async () => {}) as unknown as ServedModel;
  expect(await lines([{ id: "a", status: "ready", leases: 0, model }])).toEqual(
    expect.arrayContaining([
      'izwi_model_status{model="a",status="ready"} 1',
      'izwi_model_sequences{model="a",state="running"} 1',
      'izwi_model_sequences{model="a",state="waiting"} 2',
      // Of five tokens guessed ahead, three were right; the draft model made two of the five.
      'izwi_speculated_tokens{model="a",source="text",outcome="right"} 2',
      'izwi_speculated_tokens{model="a",source="text",outcome="wrong"} 1',
      'izwi_speculated_tokens{model="a",source="model",outcome="right"} 1',
      'izwi_speculated_tokens{model="a",source="model",outcome="wrong"} 1',
      'izwi_preemptions{model="a"} 1',
      'izwi_kv_cache_blocks{model="a",state="used"} 2',
      'izwi_kv_cache_blocks{model="a",state="cached"} 3',
      'izwi_kv_cache_blocks{model="a",state="free"} 5',
    ]),
  );
});

it("tells nothing of an engine that isn't there", async () => {
  const told = await lines([{ id: "a", status: "loading", leases: 1 }]);
  expect(told).toContain('izwi_model_status{model="a",status="loading"} 1');
  expect(told.filter((line) => /^izwi_(speculated|preemptions|kv_cache|model_sequences)/.test(line))).toEqual([]);
});

it("tells how far behind the event loop of the process is", async () => {
  const metrics = createMetrics({ active: () => 0, queued: () => 0, models: () => [] });
  await new Promise((resolve) => setTimeout(resolve, 60));
  const [, seconds] = /^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(await metrics.text())!;
  // The time between two ticks, the period of 10 ms included.
  expect(Number(seconds)).toBeGreaterThan(0.005);
});
