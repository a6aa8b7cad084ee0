/** Asks a running server. */
import { errorCode } from "./failure.js";

export const usualServer = "http://localhost:8080";

export interface ServerAddress {
  /** Without a slash or `/v1` at its end. */
  url: string;
  apiKey?: string;
}

/** What `/v1/health` says, as far as it is told here. */
export interface Health {
  status: string;
  version: string;
  uptime_secs: number;
  runtime: {
    node: string;
    platform: string;
    requested_backend: string;
    selected_backend: string | null;
    detected_device: { kind: string; instruction_set: string; threads: number } | null;
    total_memory_bytes: number;
    available_memory_bytes: number;
  };
  models: LoadedModel[];
}

export interface LoadedModel {
  id: string;
  status: string;
  requests: number;
  expires_at: number | null;
  error: string | null;
  quantization: string | null;
  context_length: number | null;
  backend: string | null;
  device: string | null;
}

/** Something between this program and the server's answer went wrong; the message says what. */
export class ServerError extends Error {
  override readonly name = "ServerError";
  /** Undefined where no answer came. */
  readonly status: number | undefined;

  constructor(message: string, status?: number, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

export class ServerClient {
  readonly #server: ServerAddress;
  readonly #signal: AbortSignal;

  constructor(server: ServerAddress, signal: AbortSignal) {
    this.#server = server;
    this.#signal = signal;
  }

  health(): Promise<Health> {
    return this.json<Health>("GET", "/v1/health");
  }

  async json<T>(method: "GET" | "POST", path: string, timeoutMs = 10_000): Promise<T> {
    const text = await this.text(method, path, timeoutMs);
    try {
      return JSON.parse(text) as T;
    } catch (error) {
      throw new ServerError(`${this.#server.url} is no izwi server: its ${path} isn't JSON.`, 200, error);
    }
  }

  async text(method: "GET" | "POST", path: string, timeoutMs = 10_000): Promise<string> {
    const { url, apiKey } = this.#server;
    const headers: Record<string, string> = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(`${url}${path}`, {
        method,
        headers,
        signal: AbortSignal.any([this.#signal, timeout]),
      });
      const text = await response.text();
      if (!response.ok) throw refusal(url, path, response.status, text);
      return text;
    } catch (error) {
      if (error instanceof ServerError || this.#signal.aborted) throw error;
      throw unreachable(url, timeout.aborted ? `no answer within ${timeoutMs / 1000} seconds` : reason(error), error);
    }
  }
}

function refusal(url: string, path: string, status: number, text: string): ServerError {
  if (status === 401) {
    return new ServerError(
      `The server at ${url} wants a key: set IZWI_API_KEY, or server.api_key in the file.`,
      status,
    );
  }
  let message: unknown;
  try {
    message = (JSON.parse(text) as { error?: { message?: unknown } }).error?.message;
  } catch {
    message = undefined;
  }
  const what = typeof message === "string" ? message : `${path} gives ${status}`;
  const stranger = typeof message !== "string" && status === 404 ? " Is it an izwi server?" : "";
  return new ServerError(`The server at ${url} says: ${what}${/[.!?]$/.test(what) ? "" : "."}${stranger}`, status);
}

function unreachable(url: string, why: string, cause: unknown): ServerError {
  return new ServerError(`No server answers at ${url} (${why}).`, undefined, cause);
}

/** fetch says only "fetch failed"; the reason is its cause's. */
function reason(error: unknown): string {
  const cause = (error as { cause?: unknown }).cause;
  return errorCode(cause) ?? (cause instanceof Error ? cause.message : (error as Error).message);
}
