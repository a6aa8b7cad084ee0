/** From measurements to a table. */

export const IZWI = "izwi";

/** A row for each model and workload: every setting's median, the better one of each engine, and Izwi's ratio to it. */
export function summarize(measurements, workloads, limits) {
  const rows = new Map();
  for (const { model, workload, engine, setting, value } of measurements) {
    const key = `${model} ${workload}`;
    const row = rows.get(key) ?? { model, workload, values: {} };
    rows.set(key, row);
    const name = setting === "" ? engine : `${engine}, ${setting}`;
    row.values[name] ??= { engine, setting, all: [] };
    row.values[name].all.push(value);
  }
  return [...rows.values()].map((row) => {
    const workload = workloads.find(({ name }) => name === row.workload);
    return { ...summarizeRow(row, workload), ...shareOfLimit(row, workload, limits[row.model]) };
  });
}

/** Ratios are above 1 where Izwi has more tokens per second, and below it where it takes less time or memory. */
function summarizeRow({ model, workload: name, values }, { figure }) {
  const isBetter = figure === "tokens/s" ? (a, b) => a > b : (a, b) => a < b;
  const medians = {};
  const engines = {};
  for (const [label, { engine, setting, all }] of Object.entries(values)) {
    const value = round(median(all));
    medians[label] = value;
    if (engines[engine] === undefined || isBetter(value, engines[engine].value)) engines[engine] = { value, setting };
  }
  const ratios = {};
  for (const [engine, { value }] of Object.entries(engines)) {
    if (engine !== IZWI && engines[IZWI] !== undefined) ratios[engine] = round(engines[IZWI].value / value, 1000);
  }
  return { model, workload: name, figure, medians, engines, ratios };
}

/** How much of what the memory allows: each pass reads all weights and the KV cache so far. */
function shareOfLimit({ values }, { figure, prompt, sequences, cached, generated }, limit) {
  if (figure !== "tokens/s" || prompt !== 1 || sequences !== 1 || !limit?.bytesPerSecond || !values[IZWI]) return {};
  const bytes = limit.modelBytes + (cached + generated / 2) * limit.kvBytesPerPosition;
  return { share: round((median(values[IZWI].all) * bytes) / limit.bytesPerSecond, 1000) };
}

export function median(values) {
  const sorted = values.slice().sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const round = (value, steps = 100) => Math.round(value * steps) / steps;

/** A Markdown table. */
export function table(summary) {
  const peers = [...new Set(summary.flatMap(({ engines }) => Object.keys(engines)))].filter((name) => name !== IZWI);
  const header = ["model", "workload", "", IZWI, ...peers.flatMap((peer) => [peer, "ratio"]), "of the memory limit"];
  const lines = summary.map(({ model, workload, figure, engines, ratios, share }) => [
    ...[model, workload, figure, shown(engines[IZWI])],
    ...peers.flatMap((peer) => [shown(engines[peer]), ratios[peer]?.toFixed(2) ?? ""]),
    share === undefined ? "" : `${(share * 100).toFixed(0)}%`,
  ]);
  const widths = header.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column].length)));
  const format = (line) =>
    `| ${line.map((cell, column) => (column < 3 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join(" | ")} |`;
  const rule = `|${widths.map((width, column) => (column < 3 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  return [format(header), rule, ...lines.map(format)].join("\n");
}

const shown = (it) =>
  it === undefined ? "" : `${it.value.toFixed(1)}${it.setting === "flash attention" ? " (fa)" : ""}`;
