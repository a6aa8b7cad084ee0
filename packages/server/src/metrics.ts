import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { PooledModel } from "./model-pool.js";
import type { Metrics } from "./route-context.js";

/** What the middleware count. */
export interface HttpMetrics {
  request(method: string, route: string, status: number, seconds: number): void;
  /** A request that computes got its place after waiting this long. */
  admitted(waitedMs: number): void;
}

/** Read when somebody asks for the metrics. */
export interface MetricSources {
  active(): number;
  queued(): number;
  models(): PooledModel[];
}

export interface ServerMetrics extends Metrics, HttpMetrics {
  readonly contentType: string;
  /** Everything in Prometheus' text format. */
  text(): Promise<string>;
}

const LATENCY_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000];
const PER_TOKEN_MS = [1, 2, 5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 500, 1000, 2000];
const SECONDS = [0.005, 0.02, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];

/**
 * @param process also this process's own memory, CPU time and event loop lag
 */
export function createMetrics(sources: MetricSources, { process = true } = {}): ServerMetrics {
  const registry = new Registry();
  if (process) collectDefaultMetrics({ register: registry });
  addSources(registry, sources);
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    ...httpMetrics(registry),
    ...answerMetrics(registry),
  };
}

function httpMetrics(registry: Registry): HttpMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: "izwi_http_requests_total",
    help: "HTTP requests by route and status.",
    labelNames: ["method", "route", "status"],
    registers,
  });
  const durations = new Histogram({
    name: "izwi_http_request_duration_seconds",
    help: "Time from a request to the end of its answer.",
    labelNames: ["method", "route"],
    buckets: SECONDS,
    registers,
  });
  const queued = new Counter({
    name: "izwi_requests_queued_total",
    help: "Requests that were admitted to compute.",
    registers,
  });
  const admission = new Histogram({
    name: "izwi_admission_wait_ms",
    help: "Time that requests waited for one of the concurrent places.",
    buckets: LATENCY_MS,
    registers,
  });
  return {
    request(method, route, status, seconds) {
      requests.inc({ method, route, status });
      durations.observe({ method, route }, seconds);
    },
    admitted(waitedMs) {
      queued.inc();
      admission.observe(waitedMs);
    },
  };
}

function answerMetrics(registry: Registry): Metrics {
  const registers = [registry];
  const labelNames = ["model"];
  const counter = (name: string, help: string, more: string[] = []) =>
    new Counter({ name, help, labelNames: [...labelNames, ...more], registers });
  const latency = (name: string, help: string, buckets = LATENCY_MS) =>
    new Histogram({ name: `izwi_latency_${name}_ms`, help, labelNames, buckets, registers });

  const completed = counter("izwi_requests_completed_total", "Answers that came to their end.", ["reason"]);
  const failed = counter("izwi_requests_failed_total", "Answers that failed or were aborted.", ["code"]);
  const promptTokens = counter("izwi_prompt_tokens_total", "Tokens of prompts.");
  const cachedTokens = counter("izwi_cached_prompt_tokens_total", "Tokens of prompts that the KV cache still held.");
  const completionTokens = counter("izwi_completion_tokens_total", "Generated tokens, thinking included.");
  const reasoningTokens = counter("izwi_reasoning_tokens_total", "Generated tokens of thinking.");
  const ttft = latency("ttft", "Time from a request to its first token.");
  const interToken = latency("inter_token", "Time between two tokens of an answer.", PER_TOKEN_MS);
  const prefill = latency("prefill", "Time to compute a prompt.");
  const decode = latency("decode", "Time from the first token to the last.");
  const queueWait = latency("queue_wait", "Time that requests waited in the engine's queue.");
  const endToEnd = latency("end_to_end", "Time from a request to its last token.");
  return {
    firstToken: (model, ms) => ttft.observe({ model }, ms),
    interToken: (model, ms) => interToken.observe({ model }, ms),
    failed: (model, code) => failed.inc({ model, code }),
    answer(model, { finishReason, usage, timings }) {
      completed.inc({ model, reason: finishReason });
      promptTokens.inc({ model }, usage.promptTokens);
      cachedTokens.inc({ model }, usage.cachedTokens);
      completionTokens.inc({ model }, usage.completionTokens);
      reasoningTokens.inc({ model }, usage.reasoningTokens);
      prefill.observe({ model }, timings.prefillMs);
      decode.observe({ model }, timings.decodeMs);
      queueWait.observe({ model }, timings.queueMs);
      endToEnd.observe({ model }, timings.timeToFirstTokenMs + timings.decodeMs);
    },
  };
}

function addSources(registry: Registry, sources: MetricSources): void {
  const registers = [registry];
  const gauge = (name: string, help: string, collect: (gauge: Gauge) => void, labelNames: string[] = []) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        collect(this);
      },
    });
  const perModel = (name: string, help: string, labels: string[], set: (gauge: Gauge, model: PooledModel) => void) =>
    gauge(name, help, (it) => sources.models().forEach((model) => set(it, model)), ["model", ...labels]);

  gauge("izwi_requests_active", "Requests that compute at this moment.", (it) => it.set(sources.active()));
  gauge("izwi_requests_queued", "Requests that wait for a place.", (it) => it.set(sources.queued()));
  perModel("izwi_model_status", "1 for the status that a model has.", ["status"], (it, { id, status }) =>
    it.set({ model: id, status }, 1),
  );
  perModel("izwi_model_sequences", "Answers in a model's engine.", ["state"], (it, { id, model }) => {
    if (!model) return;
    const { running, waiting } = model.stats();
    it.set({ model: id, state: "running" }, running);
    it.set({ model: id, state: "waiting" }, waiting);
  });
  perModel(
    "izwi_speculated_tokens",
    "Tokens that a model's engine guessed ahead, from the text or by the draft model.",
    ["source", "outcome"],
    (it, { id, model }) => {
      if (!model) return;
      const { draftedTokens, acceptedTokens, modelDraftedTokens, modelAcceptedTokens } = model.stats();
      const set = (source: string, drafted: number, accepted: number) => {
        it.set({ model: id, source, outcome: "right" }, accepted);
        it.set({ model: id, source, outcome: "wrong" }, drafted - accepted);
      };
      set("text", draftedTokens - modelDraftedTokens, acceptedTokens - modelAcceptedTokens);
      set("model", modelDraftedTokens, modelAcceptedTokens);
    },
  );
  perModel("izwi_preemptions", "Times that an answer gave its KV blocks to another one.", [], (it, { id, model }) => {
    if (model) it.set({ model: id }, model.stats().preemptions);
  });
  perModel("izwi_kv_cache_blocks", "Blocks of a model's KV cache.", ["state"], (it, { id, model }) => {
    if (!model) return;
    const { blocksTotal, blocksFree, blocksCached } = model.stats();
    it.set({ model: id, state: "used" }, blocksTotal - blocksFree - blocksCached);
    it.set({ model: id, state: "cached" }, blocksCached);
    it.set({ model: id, state: "free" }, blocksFree);
  });
}
