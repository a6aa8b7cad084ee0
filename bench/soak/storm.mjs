// Many clients at once, for some time.
import { askAtRandom, askShortly, OUTCOMES, randomNumbers } from "./client.mjs";
import { stateOf } from "./server.mjs";

/** The first part of the time fills pools and caches that stay; it isn't counted. */
const WARM_UP_SHARE = 0.1;
const MOST_FAILURES_SHOWN = 20;
const MOST_CALM_ROUNDS = 200;
/** A heap that fell below this share of its size was collected. */
const COLLECTED = 0.6;
const CALM_REQUESTS = 20;

export async function storm(server, { clients, seconds, seed }) {
  const warmUp = Math.max(2, seconds * WARM_UP_SHARE);
  await rage(server, { clients, seconds: warmUp, seed: seed + 1000 });
  const before = await rested(server);
  const countsBefore = await serverCounts(server);
  const begun = performance.now();
  const { outcomes, failures } = await rage(server, { clients, seconds, seed });
  const took = (performance.now() - begun) / 1000;
  const { lagP99Ms, lagMaxMs } = await stateOf(server);
  const counted = difference(await serverCounts(server), countsBefore);
  const after = { ...(await rested(server)), lagP99Ms, lagMaxMs };
  return { clients, seconds: took, outcomes, failures, server: counted, before, after };
}

/** The state after some calm requests, with the smallest heap that was seen: one that was just collected as a whole. */
async function rested(server) {
  const heaps = [];
  const least = () => Math.min(...heaps);
  for (let round = 0; round < MOST_CALM_ROUNDS; round += 1) {
    for (let index = 0; index < CALM_REQUESTS; index += 1) await askShortly(server, index);
    heaps.push((await stateOf(server)).heapMiB);
    if (heaps.at(-1) < heaps.slice(0, -1).reduce((most, each) => Math.max(most, each), 0) * COLLECTED) break;
  }
  return { ...(await stateOf(server)), heapMiB: least() };
}

async function rage(server, { clients, seconds, seed }) {
  const outcomes = Object.fromEntries(OUTCOMES.map((name) => [name, 0]));
  const failures = [];
  const end = performance.now() + seconds * 1000;
  const client = async (index) => {
    const random = randomNumbers(seed * 1000 + index);
    while (performance.now() < end) {
      try {
        outcomes[await askAtRandom(server, random)] += 1;
      } catch (error) {
        const cause = error.cause instanceof Error ? ` (${error.cause.message})` : "";
        if (failures.length < MOST_FAILURES_SHOWN) failures.push(`${error.message}${cause}`);
        outcomes.failed = (outcomes.failed ?? 0) + 1;
      }
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, index) => client(index)));
  return { outcomes, failures };
}

/** What the server has counted of chats. */
async function serverCounts(server) {
  const { sum, by } = await server.metrics();
  const statuses = by("izwi_http_requests_total", "status", 'route="/v1/chat/completions"');
  const failed = by("izwi_requests_failed_total", "code");
  return {
    requests: Object.values(statuses).reduce((all, each) => all + each, 0),
    statuses,
    completed: sum("izwi_requests_completed_total"),
    failed,
    aborted: failed["ABORTED"] ?? 0,
  };
}

function difference(now, before) {
  const less = (key, value) =>
    typeof value === "number" ? value - (before[key] ?? 0) : difference(value, before[key] ?? {});
  return Object.fromEntries(Object.entries(now).map(([key, value]) => [key, less(key, value)]));
}
