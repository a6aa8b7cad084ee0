/** Reads Prometheus' text format, as far as a server's counters need it. */

export interface Sample {
  name: string;
  labels: Readonly<Record<string, string>>;
  value: number;
}

export function parseMetrics(text: string): Sample[] {
  return text.split("\n").flatMap((line) => {
    const [, name, labels = "", value] = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/.exec(line) ?? [];
    if (name === undefined || value === undefined) return [];
    const found = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
    const pairs = found.map(([, label, content]) => [label!, content!.replace(/\\(["\\])/g, "$1")] as const);
    return [{ name, labels: Object.fromEntries(pairs), value: value === "+Inf" ? Infinity : Number(value) }];
  });
}

/** The sum over all labels; 0 where there is none yet. */
export function total(samples: readonly Sample[], name: string): number {
  return samples.filter((sample) => sample.name === name).reduce((sum, { value }) => sum + value, 0);
}

/** A histogram's mean, or undefined before its first value. */
export function mean(samples: readonly Sample[], name: string): number | undefined {
  const count = total(samples, `${name}_count`);
  return count > 0 ? total(samples, `${name}_sum`) / count : undefined;
}
