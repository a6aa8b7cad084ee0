import { expect, it } from "vitest";
import { mean, parseMetrics, total } from "./prometheus.js";

const text = `# HELP a_total Things.
# TYPE a_total counter
a_total{model="x \\"y\\"",reason="stop"} 2
a_total{model="z"} 3
h_bucket{le="+Inf"} 4
h_sum 10
h_count 4
`;

it("reads names, labels and values, and sums them", () => {
  const samples = parseMetrics(text);
  expect(samples).toHaveLength(5);
  expect(samples[0]).toEqual({ name: "a_total", labels: { model: 'x "y"', reason: "stop" }, value: 2 });
  expect(total(samples, "a_total")).toBe(5);
  expect(total(samples, "absent")).toBe(0);
  expect(mean(samples, "h")).toBe(2.5);
  expect(mean(samples, "absent")).toBeUndefined();
});
