// node bench/servers.mjs: Izwi's server beside node-llama-cpp behind a minimal app, as their clients see them. See README.md.
import { execFile, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import os from "node:os";
import { describeMachine } from "./machine.mjs";
import { modelFile } from "./model-files.mjs";
import { ENGINES } from "./peers.mjs";
import { median } from "./results.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const CLI = here("../packages/cli/bin/izwi.js");
const TOKENS = 64;
/** The random models' vocabulary has few words: this is about 4,000 tokens of it. */
const LONG_PROMPT_REPEATS = 400;

const { values } = parseArgs({
  options: {
    clients: { type: "string", default: "1,2,4,8,16" },
    rounds: { type: "string", default: "3" },
    threads: { type: "string", default: String(os.availableParallelism()) },
    quantization: { type: "string", default: "Q4_K_M" },
  },
});
const levels = values.clients.split(",").map(Number);
const rounds = Number(values.rounds);
const settings = { path: modelFile(values.quantization), threads: Number(values.threads) };
/** As many sequences of what a load's requests need, and a few long ones: the peers take the memory of a whole context for each. */
const LOADS = { contextLength: 1024, sequences: Math.max(...levels) };
const LONG_PROMPTS = { contextLength: 5120, sequences: 2 };
ENGINES.find(({ name }) => name === "node-llama-cpp").install();

/** What a server calls its model, by the server's address. */
const models = new Map();
const machine = describeMachine();
console.log(`${machine.cpu}, ${machine.cores} cores, load before ${machine.loadBefore.toFixed(1)}`);
await withServers(LOADS, compareLoads);
await withServers(LONG_PROMPTS, compareLongPrompts);

async function withServers(sizes, compare) {
  const servers = [await izwiServer(sizes), await peerServer(sizes, false), await peerServer(sizes, true)];
  try {
    for (const { name, url } of servers) await load(name, url, 1, 1);
    await compare(servers);
  } finally {
    for (const { child } of servers) child.kill();
  }
}

/** Aggregate tokens per second and what single clients notice, with more and more clients. */
async function compareLoads(servers) {
  console.log("| clients | server | tokens/s | TTFT p50, ms | TTFT p99 | between pieces p50, ms | p99 |");
  console.log("|--:|---|--:|--:|--:|--:|--:|");
  for (const clients of levels) {
    const found = new Map(servers.map(({ name }) => [name, []]));
    for (let round = 0; round < rounds; round += 1) {
      for (const { name, url } of servers) found.get(name).push(await load(name, url, clients, clients * 2));
    }
    for (const [name, runs] of found) {
      const middle = (pick) => median(runs.map(pick)).toFixed(1);
      const { ttftMs, interTokenMs, tokensPerSecond } = {
        tokensPerSecond: middle((run) => run.tokensPerSecond),
        ttftMs: [middle((run) => run.ttftMs.median), middle((run) => run.ttftMs.p99)],
        interTokenMs: [middle((run) => run.interTokenMs.median), middle((run) => run.interTokenMs.p99)],
      };
      console.log(`| ${[clients, name, tokensPerSecond, ...ttftMs, ...interTokenMs].join(" | ")} |`);
    }
  }
}

/** How long somebody waits for the first word while somebody else's long prompt is read. */
async function compareLongPrompts(servers) {
  console.log("\n| server | TTFT of a short prompt, ms | while 4,000 tokens are read | times |");
  console.log("|---|--:|--:|--:|");
  for (const { name, url } of servers) {
    const alone = [];
    const beside = [];
    for (let round = 0; round < rounds; round += 1) {
      alone.push(await firstWord(url, `${round} How are you?`));
      const long = firstWord(url, `${round} ${"lighthouse and the sea ".repeat(LONG_PROMPT_REPEATS)}`);
      await new Promise((resolve) => setTimeout(resolve, 500));
      beside.push(await firstWord(url, `${round + 100} How are you?`));
      await long;
    }
    const [idle, busy] = [median(alone), median(beside)];
    console.log(`| ${name} | ${idle.toFixed(0)} | ${busy.toFixed(0)} | ${(busy / idle).toFixed(1)} |`);
  }
}

async function load(name, url, clients, requests) {
  const args = ["bench", "chat", "--server", url, "--clients", clients, "--requests", requests, "--max-tokens", TOKENS];
  const { stdout } = await promisify(execFile)(process.execPath, [CLI, ...args.map(String), "--json"]);
  const found = JSON.parse(stdout);
  if (found.completionTokens !== requests * TOKENS) {
    throw new Error(`${name}: ${found.completionTokens} tokens came instead of ${requests * TOKENS}.`);
  }
  return found;
}

/** Milliseconds to the first piece of an answer. */
async function firstWord(url, content) {
  const start = performance.now();
  const body = { model: await modelOf(url), messages: [{ role: "user", content }], max_tokens: 4, stream: true };
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...body, chat_template_kwargs: { enable_thinking: false } }),
  });
  let at;
  let text = "";
  for await (const bytes of response.body.pipeThrough(new TextDecoderStream())) {
    text += bytes;
    if (/"content":"[^"]/.test(text)) at ??= performance.now();
  }
  if (at === undefined) throw new Error(`No text came: ${text.slice(0, 200)}`);
  return at - start;
}

async function modelOf(url) {
  if (!models.has(url)) {
    const { data } = await (await fetch(`${url}/v1/models`)).json();
    models.set(url, (data.find(({ status }) => status === "ready") ?? data[0]).id);
  }
  return models.get(url);
}

async function izwiServer({ contextLength, sequences }) {
  const { path, threads } = settings;
  const sizes = ["--context-length", contextLength, "--max-batch-size", sequences];
  // The random model repeats itself, which would make guessing look better than it is.
  const limits = [...sizes, "--keep-alive", "forever", "--speculation", "off"];
  const args = ["serve", "--port", 0, "--model", path, "--threads", threads, ...limits, "--no-ui"];
  const child = spawn(process.execPath, [CLI, ...args.map(String)], { stdio: ["ignore", "pipe", "pipe"] });
  return { name: "izwi", child, url: await announced(child) };
}

async function peerServer(sizes, flashAttention) {
  const command = [
    here("engines/node-llama-cpp-server.mjs"),
    JSON.stringify({ ...settings, ...sizes, flashAttention }),
  ];
  const child = spawn(process.execPath, command, { stdio: ["ignore", "pipe", "pipe"] });
  return { name: `node-llama-cpp${flashAttention ? ", flash attention" : ""}`, child, url: await announced(child) };
}

/** The address that a server tells once it listens. */
async function announced(child) {
  const lines = [child.stdout, child.stderr].map((input) => createInterface({ input }));
  const url = await new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`A server ended with code ${code}.`)));
    for (const line of lines) {
      line.on("line", (text) => {
        const found = /https?:\/\/(?:127\.0\.0\.1|localhost):[1-9]\d*/.exec(text);
        if (found) resolve(found[0]);
      });
    }
  });
  child.removeAllListeners("exit");
  return url;
}
