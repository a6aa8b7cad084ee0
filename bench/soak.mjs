// node bench/soak.mjs: many clients who come and go, some with nonsense, and then many short requests in a row: is every answer
// accounted for, and is the server afterwards as it was before? See README.md.
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeMachine, describeVersions, machineName } from "./machine.mjs";
import { judgeStorm, judgeStream } from "./soak/judgement.mjs";
import { observedServer, ownServer } from "./soak/server.mjs";
import { storm } from "./soak/storm.mjs";
import { stream } from "./soak/stream.mjs";

const { values } = parseArgs({
  options: {
    url: { type: "string" },
    clients: { type: "string", default: "64" },
    seconds: { type: "string", default: "300" },
    requests: { type: "string", default: "10000" },
    model: { type: "string", default: "builtin" },
    seed: { type: "string", default: "1" },
    "most-lag-ms": { type: "string", default: "20" },
    keep: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(`Usage: node bench/soak.mjs [options]

  --url URL        a server that runs already; it must be this machine's only work, and nobody else may ask it or its /metrics
                   (default: izwi serve is started)
  --model NAME     what is asked, and loaded by the server that is started (default: builtin)
  --clients N      who come and go at a time (default: 64)
  --seconds N      for how long they do; 0 leaves them out (default: 300)
  --requests N     short requests in a row after that; 0 leaves them out (default: 10000)
  --seed N         other random choices (default: 1)
  --most-lag-ms N  the event loop's lag (p99) that is still good (default: 20)
  --json           all that was found, and nothing else, on standard output
  --keep           write runs/<date>-<machine>/soak.json

Ends with 1, and says why, where something is lost or stays behind.`);
  process.exit(0);
}
const count = (name) => Number(values[name]);
const machine = describeMachine();
const server =
  values.url === undefined ? await ownServer(values.model) : await observedServer(values.url, values.model);
const results = { machine, versions: describeVersions(), settings: { ...values, url: undefined } };
const problems = [];
try {
  if (count("seconds") > 0) {
    const found = await storm(server, { clients: count("clients"), seconds: count("seconds"), seed: count("seed") });
    results.storm = found;
    say(stormText(found));
    problems.push(...judgeStorm(found, count("most-lag-ms")));
  }
  if (count("requests") > 0) {
    const found = await stream(server, count("requests"));
    results.stream = found;
    say(streamText(found));
    problems.push(...judgeStream(found, count("most-lag-ms")));
  }
} finally {
  await server.stop();
}
results.problems = problems;
if (values.keep) keep(results);
for (const problem of problems) say(`PROBLEM: ${problem}`);
say(problems.length === 0 ? "Nothing is lost, and nothing stays behind." : `${problems.length} problems.`);
if (values.json) console.log(JSON.stringify(results));
process.exitCode = problems.length === 0 ? 0 : 1;

/** For people. */
function say(text) {
  (values.json ? console.error : console.log)(text);
}

function stormText({ clients, seconds, outcomes, server: counted, before, after }) {
  const all = Object.values(outcomes).reduce((sum, each) => sum + each);
  const parts = Object.entries(outcomes).map(([name, number]) => `${number} ${name}`);
  return [
    `${clients} clients for ${seconds.toFixed(0)} s: ${all} requests (${parts.join(", ")})`,
    `  the server saw ${counted.requests}: ${counted.completed} answers to their end, ${counted.aborted} given up, ` +
      `${counted.statuses["400"] ?? 0} bad, ${counted.statuses["429"] ?? 0} turned away`,
    `  event loop lag: p99 ${after.lagP99Ms.toFixed(1)} ms, longest ${after.lagMaxMs.toFixed(1)} ms`,
    `  before: ${stateText(before)}`,
    `  after:  ${stateText(after)}`,
  ].join("\n");
}

function streamText({ requests, seconds, samples, lagP99Ms }) {
  const [first] = samples;
  return [
    `${requests} short requests in a row in ${seconds.toFixed(0)} s; event loop lag p99 ${lagP99Ms.toFixed(1)} ms`,
    `  after the first ${first.requests}: ${stateText(first)}`,
    `  after the last: ${stateText(samples.at(-1))}`,
  ].join("\n");
}

function stateText({ residentMiB, heapMiB, handles, blocks }) {
  const { used, cached, free } = blocks;
  return `${residentMiB.toFixed(1)} MiB, heap ${heapMiB.toFixed(1)} MiB, ${handles} handles, blocks ${used} used ${cached} cached ${free} free`;
}

function keep(found) {
  const folder = new URL(
    `runs/${new Date().toISOString().slice(0, 10)}-${machineName(machine)}-soak/`,
    import.meta.url,
  );
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL("soak.json", folder), `${JSON.stringify(found, undefined, 2)}\n`);
  say(`Written: ${fileURLToPath(folder).split("/").slice(-3).join("/")}soak.json`);
}
