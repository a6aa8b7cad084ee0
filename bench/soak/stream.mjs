// Short requests, one behind the other.
import { askShortly } from "./client.mjs";
import { stateOf } from "./server.mjs";

/** How often the server's state is looked at. */
const SAMPLES = 40;

export async function stream(server, requests) {
  const every = Math.max(1, Math.floor(requests / SAMPLES));
  const samples = [];
  const begun = performance.now();
  for (let index = 1; index <= requests; index += 1) {
    await askShortly(server, index);
    if (index % every === 0) samples.push({ requests: index, ...(await stateOf(server)) });
  }
  const seconds = (performance.now() - begun) / 1000;
  return { requests, seconds, lagP99Ms: Math.max(...samples.map(({ lagP99Ms }) => lagP99Ms)), samples };
}
