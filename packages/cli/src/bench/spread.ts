/** How figures are spread. */

export interface Spread {
  mean: number;
  median: number;
  p90: number;
  p95: number;
  p99: number;
  least: number;
  most: number;
}

/** Null where there are no figures. */
export function spread(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]!;
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  return {
    ...{ mean, median: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99) },
    ...{ least: sorted[0]!, most: sorted.at(-1)! },
  };
}
