/** From times to a table. */

export const IZWI = "izwi";

/** Adds tokens per second, their median, and Izwi's ratio to the peer's better setting. */
export function summarize(measurements) {
  const cells = new Map();
  for (const measurement of measurements) {
    const name = cellName(measurement);
    cells.set(name, [...(cells.get(name) ?? []), measurement]);
  }
  const rows = new Map();
  for (const runs of cells.values()) {
    const { quantization, workload, engine } = runs[0];
    const key = `${quantization} ${workload}`;
    const row = rows.get(key) ?? { quantization, workload, tokensPerSecond: {} };
    row.tokensPerSecond[engine] = round(median(runs.map((run) => run.tokensPerSecond)));
    rows.set(key, row);
  }
  return [...rows.values()].map((row) => ({ ...row, ...ratio(row.tokensPerSecond) }));
}

const cellName = ({ quantization, workload, engine }) => `${quantization} ${workload} ${engine}`;

function ratio({ [IZWI]: izwi, ...peers }) {
  const best = Math.max(...Object.values(peers));
  return { ratio: Math.round((izwi / best) * 1000) / 1000 };
}

export function median(values) {
  const sorted = values.slice().sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const round = (value) => Math.round(value * 100) / 100;

/** A Markdown table, tokens per second. */
export function table(summary, engines) {
  const header = ["model", "workload", ...engines, "ratio to the better"];
  const lines = summary.map(({ quantization, workload, tokensPerSecond, ratio }) => [
    quantization,
    workload,
    ...engines.map((engine) => tokensPerSecond[engine].toFixed(1)),
    ratio.toFixed(2),
  ]);
  const widths = header.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column].length)));
  const format = (line) =>
    `| ${line.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join(" | ")} |`;
  const rule = `|${widths.map((width, column) => (column < 2 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  return [format(header), rule, ...lines.map(format)].join("\n");
}
