import type { Readable } from "node:stream";
import { Agent, ProxyAgent, request, type Dispatcher } from "undici";
import { abortError, IzwiError } from "../../errors.js";
import { proxyFor } from "./proxy.js";
import { retryAfterMs, TransientError } from "./retry.js";

export interface HttpOptions {
  /** For the proxy variables. */
  env: Readonly<Record<string, string | undefined>>;
  /** Sent to addresses of this origin, and to no other. */
  token?: { origin: string; value: string } | undefined;
  /** How long connecting may take, and then the answer's first line. */
  timeoutMs: number;
  userAgent: string;
}

export interface HttpAnswer {
  /** The address that answered. */
  url: URL;
  status: number;
  headers: Readonly<Record<string, string | undefined>>;
  /** To be read to its end, or dropped with `discard`. */
  body: Readable;
  discard(): void;
}

export interface HttpRequest {
  method?: "GET" | "HEAD";
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

const REDIRECTS = [301, 302, 303, 307, 308];
const MAX_REDIRECTS = 10;

/**
 * Requests over undici, because Node's own `fetch` knows no proxies. Redirects are the caller's to follow; the token
 * goes only where its origin is, so that no redirect can carry it away.
 */
export class HttpClient {
  readonly #options: HttpOptions;
  /** One for each proxy, and one without. */
  readonly #agents = new Map<string | undefined, Dispatcher>();

  constructor(options: HttpOptions) {
    this.#options = options;
  }

  /** One request and its answer's head. A failure of the network is a `TransientError`. */
  async send(url: URL, { method = "GET", headers = {}, signal }: HttpRequest = {}): Promise<HttpAnswer> {
    if (signal?.aborted) throw abortError(signal);
    const { token, timeoutMs, userAgent } = this.#options;
    const authorized = token !== undefined && url.origin === token.origin;
    try {
      const answer = await request(url, {
        method,
        headers: {
          // What is compressed has another length, and can't be had in parts.
          "accept-encoding": "identity",
          "user-agent": userAgent,
          ...headers,
          ...(authorized && { authorization: `Bearer ${token.value}` }),
        },
        headersTimeout: timeoutMs,
        bodyTimeout: 0,
        dispatcher: this.#agentFor(url),
        ...(signal && { signal }),
      });
      const { body } = answer;
      // A body that nobody reads any more may fail as it likes.
      body.on("error", () => {});
      return {
        url,
        status: answer.statusCode,
        headers: flat(answer.headers),
        body,
        discard: () => void body.destroy(),
      };
    } catch (error) {
      if (signal?.aborted) throw abortError(signal);
      throw networkFailure(url, error);
    }
  }

  /** As `send`, following redirects. */
  async get(url: URL, options: HttpRequest = {}): Promise<HttpAnswer> {
    let at = url;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const answer = await this.send(at, options);
      const next = redirectTarget(answer);
      if (next === undefined) return answer;
      answer.discard();
      at = next;
    }
    throw new IzwiError("DOWNLOAD_FAILED", `${url.host} redirects without end.`);
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.destroy()));
  }

  #agentFor(url: URL): Dispatcher {
    const proxy = proxyFor(url, this.#options.env);
    let agent = this.#agents.get(proxy);
    if (agent === undefined) {
      const connect = { timeout: this.#options.timeoutMs };
      agent = proxy === undefined ? new Agent({ connect }) : proxyAgent(proxy, connect);
      this.#agents.set(proxy, agent);
    }
    return agent;
  }
}

function proxyAgent(proxy: string, connect: { timeout: number }): Dispatcher {
  if (!URL.canParse(proxy)) throw new IzwiError("INVALID_REQUEST", `The proxy's address can't be read: "${proxy}".`);
  const { protocol, username, password } = new URL(proxy);
  if (protocol !== "http:" && protocol !== "https:") {
    throw new IzwiError("INVALID_REQUEST", `Only http and https proxies can be used, not ${protocol.slice(0, -1)}.`);
  }
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return new ProxyAgent({
    uri: proxy,
    connect,
    ...(username !== "" && { token: `Basic ${Buffer.from(login).toString("base64")}` }),
  });
}

/** Where a redirect leads; undefined for other answers. Never from https to http. */
export function redirectTarget({ url, status, headers }: HttpAnswer): URL | undefined {
  if (!REDIRECTS.includes(status)) return undefined;
  const location = headers["location"];
  if (location === undefined || !URL.canParse(location, url.href)) {
    throw new IzwiError("DOWNLOAD_FAILED", `${url.host} redirects to nowhere.`);
  }
  const target = new URL(location, url);
  const allowed = url.protocol === "https:" ? ["https:"] : ["http:", "https:"];
  if (!allowed.includes(target.protocol)) {
    throw new IzwiError("DOWNLOAD_FAILED", `${url.host} redirects to an address that isn't safe: ${target.origin}.`);
  }
  return target;
}

/** The failure for an answer that isn't a success: to be tried again, or for good. */
export function statusFailure({ url, status, headers }: HttpAnswer): Error {
  const message = `${url.host} answered with status ${status}${status === 429 ? " (too many requests)" : ""}.`;
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    return new TransientError(message, { retryAfterMs: retryAfterMs(headers["retry-after"]) });
  }
  return new IzwiError("DOWNLOAD_FAILED", message);
}

/** What certificate errors' codes begin with or are. */
const CERTIFICATE = /^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_)/;

/** A failure below HTTP. */
export function networkFailure(url: URL, error: unknown): Error {
  if (error instanceof IzwiError || error instanceof TransientError) return error;
  const { code = "", message } = error as NodeJS.ErrnoException;
  const cause = { cause: error };
  if (CERTIFICATE.test(code)) {
    const hint = "Behind a proxy that reads along, give its certificate in NODE_EXTRA_CA_CERTS.";
    return new IzwiError("DOWNLOAD_FAILED", `The certificate of ${url.host} isn't valid (${code}). ${hint}`, cause);
  }
  return new TransientError(`${url.host} can't be reached: ${REASONS[code] ?? message}.`, cause);
}

const REASONS: Record<string, string> = {
  ENOTFOUND: "its name isn't known",
  EAI_AGAIN: "names can't be looked up",
  ECONNREFUSED: "it refuses the connection",
  ECONNRESET: "the connection was cut",
  EPIPE: "the connection was cut",
  ETIMEDOUT: "it doesn't answer",
  UND_ERR_CONNECT_TIMEOUT: "it doesn't answer",
  UND_ERR_HEADERS_TIMEOUT: "it doesn't answer",
  UND_ERR_SOCKET: "the connection was cut",
  ENETUNREACH: "there is no network",
  EHOSTUNREACH: "there is no way to it",
};

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      Array.isArray(value) ? value.join(", ") : value,
    ]),
  );
}
