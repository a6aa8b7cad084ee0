import type { Logger } from "../route-context.js";

/** A model that other OpenAI-compatible servers answer for, such as vLLM on a larger machine. */
export interface Upstream {
  /** The name in requests to this server; `*` stands for every name that no other upstream has. */
  name: string;
  /** Base URLs that end before `/chat/completions`, such as `http://gpu-1:8000/v1`. Several share the work. */
  urls: readonly string[];
  /** Sent as a bearer token. The client's own key is never passed on. */
  apiKey?: string;
  /** The model's name over there. Default: the name in the request. */
  model?: string;
}

/** One base URL of an upstream. */
export interface Target {
  readonly url: string;
  readonly healthy: boolean;
}

export interface UpstreamPoolOptions {
  log: Logger;
  /** Time between two looks at a target that failed. Default: 5000. */
  checkMs?: number;
  /** How long a look may take. Default: 3000. */
  checkTimeoutMs?: number;
  fetch?: typeof fetch;
}

/** Knows which upstream answers for a name, and which of its targets are well. */
export class UpstreamPool {
  readonly #upstreams: ReadonlyMap<string, Upstream>;
  readonly #targets: ReadonlyMap<Upstream, CheckedTarget[]>;
  readonly #turns = new Map<Upstream, number>();
  readonly #fetch: typeof fetch;

  constructor(upstreams: readonly Upstream[], options: UpstreamPoolOptions) {
    this.#upstreams = new Map(upstreams.map((upstream) => [upstream.name, upstream]));
    this.#fetch = options.fetch ?? fetch;
    const target = (upstream: Upstream) => (url: string) =>
      new CheckedTarget(url.replace(/\/+$/, ""), upstream.apiKey, { ...options, fetch: this.#fetch });
    this.#targets = new Map(upstreams.map((upstream) => [upstream, upstream.urls.map(target(upstream))]));
  }

  /** The upstream for a request's model, if there is one. */
  find(model: string): Upstream | undefined {
    return this.#upstreams.get(model) ?? this.#upstreams.get("*");
  }

  /** An upstream's targets in the order in which to try them: healthy ones first, each request beginning with another. */
  targets(upstream: Upstream): Target[] {
    const all = this.#targets.get(upstream) ?? [];
    const turn = this.#turns.get(upstream) ?? 0;
    this.#turns.set(upstream, (turn + 1) % Math.max(1, all.length));
    const rotated = [...all.slice(turn), ...all.slice(0, turn)];
    return [...rotated.filter(({ healthy }) => healthy), ...rotated.filter(({ healthy }) => !healthy)];
  }

  /** Notes that a target failed: it is tried last until it answers again. */
  failed(target: Target): void {
    (target as CheckedTarget).fail();
  }

  /** Notes that a target answered. */
  answered(target: Target): void {
    (target as CheckedTarget).recover();
  }

  /** The names that are answered for, `*` left out, and whether any target of theirs is well. */
  names(): { name: string; healthy: boolean }[] {
    return [...this.#targets]
      .filter(([{ name }]) => name !== "*")
      .map(([{ name }, targets]) => ({ name, healthy: targets.some(({ healthy }) => healthy) }));
  }

  /** Ends the looks at failed targets. */
  close(): void {
    for (const targets of this.#targets.values()) for (const target of targets) target.close();
  }
}

class CheckedTarget implements Target {
  readonly url: string;
  readonly #apiKey: string | undefined;
  readonly #options: UpstreamPoolOptions & { fetch: typeof fetch };
  #timer: ReturnType<typeof setTimeout> | undefined;
  #healthy = true;
  #closed = false;

  constructor(url: string, apiKey: string | undefined, options: UpstreamPoolOptions & { fetch: typeof fetch }) {
    this.url = url;
    this.#apiKey = apiKey;
    this.#options = options;
  }

  get healthy(): boolean {
    return this.#healthy;
  }

  fail(): void {
    if (this.#healthy) this.#options.log.warn("upstream.failed", { url: this.url });
    this.#healthy = false;
    this.#look();
  }

  recover(): void {
    if (!this.#healthy) this.#options.log.info("upstream.recovered", { url: this.url });
    this.#healthy = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** Asks for the list of models, which every such server has and which costs it nothing, until it answers. */
  #look(): void {
    if (this.#closed || this.#timer !== undefined) return;
    const { checkMs = 5000, checkTimeoutMs = 3000 } = this.#options;
    this.#timer = setTimeout(async () => {
      const signal = AbortSignal.timeout(checkTimeoutMs);
      const well = await this.#options
        .fetch(`${this.url}/models`, { headers: authorization(this.#apiKey), signal })
        .then(async (response) => {
          await response.body?.cancel();
          return response.ok;
        })
        .catch(() => false);
      this.#timer = undefined;
      if (well) this.recover();
      else if (!this.#healthy) this.#look();
    }, checkMs);
    this.#timer.unref();
  }
}

export function authorization(apiKey: string | undefined): Record<string, string> {
  return apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
}
