// The server that is asked, and what it tells of itself at /metrics.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const CLI = fileURLToPath(new URL("../../packages/cli/bin/izwi.js", import.meta.url));
/** What the server's lag is measured with: the time between two ticks, the period included. */
const LAG_PERIOD_MS = 10;
/** Fewer places than clients, so that some are turned away. */
const MAX_CONCURRENT = 28;

/** Starts `izwi serve`. */
export async function ownServer(model) {
  const limits = ["--max-concurrent", String(MAX_CONCURRENT), "--keep-alive", "forever", "--log-level", "error"];
  const child = spawn(process.execPath, [CLI, "serve", "--port", "0", "--model", model, ...limits], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const address = new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`izwi serve ended with code ${code}.`)));
    createInterface({ input: child.stderr }).on("line", (line) => {
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(line);
      if (found) resolve(found[0]);
      // After the greeting, only errors are logged.
      if (/ error /.test(line)) console.error(line);
    });
  });
  const server = await observedServer(await address, model);
  return {
    ...server,
    async stop() {
      if (child.exitCode !== null) return;
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}

/** A server that runs already. */
export async function observedServer(url, model) {
  for (let tries = 0; (await fetch(`${url}/readyz`)).status !== 200; tries += 1) {
    if (tries === 600) throw new Error("The server isn't ready after a minute.");
    await pause(100);
  }
  return { url, model, metrics: () => readMetrics(url), stop: async () => {} };
}

/** Every sample of /metrics. Reading it begins the measurement of the event loop's lag anew. */
async function readMetrics(url) {
  const text = await (await fetch(`${url}/metrics`)).text();
  const samples = text.split("\n").flatMap((line) => {
    const [, name, labels = "", value] = /^(\w+)(?:\{(.*)\})? (\S+)/.exec(line) ?? [];
    return name === undefined ? [] : [{ name, labels, value: Number(value) }];
  });
  const matching = (name, ...labels) =>
    samples.filter((sample) => sample.name === name && labels.every((label) => sample.labels.includes(label)));
  return {
    sum: (name, ...labels) => matching(name, ...labels).reduce((sum, { value }) => sum + value, 0),
    /** The sums for each value of a label. */
    by(name, label, ...labels) {
      const sums = {};
      for (const { labels: all, value } of matching(name, ...labels)) {
        const key = new RegExp(`(?:^|,)${label}="([^"]*)"`).exec(all)?.[1] ?? "";
        sums[key] = (sums[key] ?? 0) + value;
      }
      return sums;
    },
  };
}

/** What a server at rest holds, and how its event loop fared since this was asked last. */
export async function stateOf(server) {
  const { sum, by } = await settled(server);
  const mib = (name) => sum(name) / 2 ** 20;
  const lag = (name) => Math.max(0, sum(`nodejs_eventloop_lag_${name}_seconds`) * 1000 - LAG_PERIOD_MS);
  return {
    residentMiB: mib("process_resident_memory_bytes"),
    heapMiB: mib("nodejs_heap_size_used_bytes"),
    /** Outside of the JavaScript heap, which grows and shrinks with what is not yet collected. */
    nativeMiB: mib("process_resident_memory_bytes") - mib("nodejs_heap_size_total_bytes"),
    handles: sum("nodejs_active_handles_total"),
    blocks: { used: 0, cached: 0, free: 0, ...by("izwi_kv_cache_blocks", "state") },
    active: sum("izwi_requests_active"),
    lagP99Ms: lag("p99"),
    lagMaxMs: lag("max"),
  };
}

/** The first metrics are the ones with the lag; the rest is asked again while anything is still on its way. */
async function settled(server) {
  const first = await server.metrics();
  let last = first;
  // This very request isn't among those that compute.
  for (let tries = 0; tries < 200 && isBusy(last); tries += 1) {
    await pause(50);
    last = await server.metrics();
  }
  const lagOf = (name) => name.startsWith("nodejs_eventloop_lag");
  return { by: last.by, sum: (name, ...labels) => (lagOf(name) ? first : last).sum(name, ...labels) };
}

const isBusy = ({ sum }) => sum("izwi_requests_active") > 0 || sum("izwi_model_sequences") > 0;

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
