/**
 * A hub as Hugging Face's is, on this machine: one server answers for repositories and redirects to the signed address
 * of another one, the storage, which sends the bytes. A test says what goes wrong.
 */
import { createHash, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** What goes wrong with one request. Nothing, when it is empty. */
export interface Fault {
  /** Answer with this status and nothing else. */
  status?: number;
  headers?: Record<string, string>;
  /** Cut the connection after so many bytes of the content. */
  cutAfter?: number;
  /** Send nothing more after so many bytes, and keep the connection. */
  stallAfter?: number;
  /** Send the whole file though a part was asked for. */
  ignoreRange?: boolean;
  /** Claim that the file has so many bytes. */
  claimTotal?: number;
  /** Send so many bytes more than were asked for. */
  sendMore?: number;
  /** Send this instead. */
  content?: Buffer;
  /** Send no length: the answer ends when the connection does. */
  chunked?: boolean;
  /** Pause after each piece of 1 kB. */
  pauseMs?: number;
}

export interface SeenRequest {
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
  /** How many requests of this server came before. */
  index: number;
}

interface HubRepository {
  commit: string;
  files: Map<string, Buffer>;
  gated: boolean;
  private: boolean;
}

export const sha256 = (content: Buffer): string => createHash("sha256").update(content).digest("hex");

/** A file that looks like a model from outside. */
export function modelFile(bytes: number): Buffer {
  return Buffer.concat([Buffer.from("GGUF"), randomBytes(bytes - 4)]);
}

class Endpoint {
  readonly seen: SeenRequest[] = [];
  fault: (request: SeenRequest) => Fault | undefined = () => undefined;
  readonly #server: Server;
  readonly #answer: (request: SeenRequest, response: ServerResponse, fault: Fault) => void | Promise<void>;

  constructor(answer: (request: SeenRequest, response: ServerResponse, fault: Fault) => void | Promise<void>) {
    this.#answer = answer;
    this.#server = createServer((request, response) => void this.#handle(request, response));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "", headers } = request;
    const seen: SeenRequest = { method, path: url, headers, index: this.seen.length };
    this.seen.push(seen);
    response.on("error", () => {});
    const fault = this.fault(seen) ?? {};
    if (fault.status !== undefined) response.writeHead(fault.status, fault.headers).end();
    else await this.#answer(seen, response, fault);
  }
}

export class Hub {
  /** The token that opens gated and private repositories. */
  readonly token = "hf_right";
  readonly api: Endpoint;
  readonly storage: Endpoint;
  /** A hub that is only half one: it tells neither sizes nor hashes. */
  tellsHashes = true;
  readonly #repositories = new Map<string, HubRepository>();
  readonly #blobs = new Map<string, Buffer>();
  readonly #signatures = new Set<string>();

  constructor() {
    this.api = new Endpoint((request, response, fault) => this.#answerApi(request, response, fault));
    this.storage = new Endpoint((request, response, fault) => this.#answerStorage(request, response, fault));
  }

  static async start(): Promise<Hub> {
    const hub = new Hub();
    await hub.api.listen();
    await hub.storage.listen();
    onTestFinished(() => {
      hub.api.close();
      hub.storage.close();
    });
    return hub;
  }

  /** The environment of a program that uses this hub and nothing of this machine's. */
  env(home: string, more: Record<string, string> = {}): Record<string, string> {
    return { HOME: home, HF_ENDPOINT: this.api.url, HF_HOME: `${home}/hf`, OLLAMA_MODELS: `${home}/ollama`, ...more };
  }

  /** Sets what is in a repository now. */
  publish(repository: string, files: Record<string, Buffer>, more: { gated?: boolean; private?: boolean } = {}): void {
    this.#repositories.set(repository, {
      commit: randomBytes(20).toString("hex"),
      files: new Map(Object.entries(files)),
      gated: more.gated ?? false,
      private: more.private ?? false,
    });
    for (const content of Object.values(files)) this.#blobs.set(sha256(content), content);
  }

  commitOf(repository: string): string {
    return this.#repositories.get(repository)!.commit;
  }

  /** All addresses of the storage that were given out become invalid. */
  expireLinks(): void {
    this.#signatures.clear();
  }

  #answerApi({ path, headers }: SeenRequest, response: ServerResponse, fault: Fault): void {
    const url = new URL(path, this.api.url);
    const known = headers.authorization === `Bearer ${this.token}`;
    const fail = (status: number, code?: string) =>
      response.writeHead(status, code === undefined ? {} : { "x-error-code": code }).end();
    const [, name = "", revision = "", file = ""] =
      /^\/(?:api\/models\/)?([^/]+\/[^/]+)\/(?:resolve|tree)\/([^/]+)\/?(.*)$/.exec(url.pathname) ?? [];
    const repository = this.#repositories.get(name);
    if (repository === undefined || (repository.private && !known)) return void fail(401, "RepoNotFound");
    if (repository.gated && !known) return void fail(401, "GatedRepo");
    if (!["main", repository.commit].includes(decodeURIComponent(revision))) return void fail(404, "RevisionNotFound");
    if (url.pathname.startsWith("/api/")) {
      const files = [...repository.files.keys()].map((path) => ({ type: "file", path }));
      return void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(files));
    }
    const content = repository.files.get(decodeURIComponent(file));
    if (content === undefined) return void fail(404, "EntryNotFound");
    const signature = randomBytes(8).toString("hex");
    this.#signatures.add(signature);
    response.writeHead(302, {
      location: `${this.storage.url}/${sha256(content)}?signature=${signature}`,
      ...(this.tellsHashes && {
        "x-repo-commit": repository.commit,
        "x-linked-size": String(fault.claimTotal ?? content.length),
        "x-linked-etag": `"${sha256(content)}"`,
      }),
    });
    response.end();
  }

  async #answerStorage({ path, headers }: SeenRequest, response: ServerResponse, fault: Fault): Promise<void> {
    const url = new URL(path, this.storage.url);
    const signature = url.searchParams.get("signature");
    if (signature !== null && !this.#signatures.has(signature)) return void response.writeHead(403).end();
    const content = fault.content ?? this.#blobs.get(url.pathname.slice(1));
    if (content === undefined) return void response.writeHead(404).end();
    await sendContent(content, headers.range, response, fault);
  }
}

/** A server of plain files, as any web server is: without hashes, with ETags. */
export class FileServer {
  readonly endpoint: Endpoint;
  readonly files = new Map<string, Buffer>();
  /** Answer HEAD with this status. */
  headStatus: number | undefined;

  constructor() {
    this.endpoint = new Endpoint(async ({ path, method, headers }, response, fault) => {
      const content = this.files.get(new URL(path, this.endpoint.url).pathname);
      if (content === undefined) return void response.writeHead(404).end();
      if (method === "HEAD" && this.headStatus !== undefined) return void response.writeHead(this.headStatus).end();
      response.setHeader("etag", `"${sha256(content).slice(0, 16)}"`);
      await sendContent(content, headers.range, response, fault, method === "HEAD");
    });
  }

  static async start(files: Record<string, Buffer>): Promise<FileServer> {
    const server = new FileServer();
    for (const [path, content] of Object.entries(files)) server.files.set(path, content);
    await server.endpoint.listen();
    onTestFinished(() => server.endpoint.close());
    return server;
  }
}

async function sendContent(
  content: Buffer,
  range: string | undefined,
  response: ServerResponse,
  fault: Fault,
  headOnly = false,
): Promise<void> {
  const total = fault.claimTotal ?? content.length;
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? "") ?? [];
  const part = first !== undefined && last !== undefined && !fault.ignoreRange;
  if (part && Number(first) >= content.length) return void response.writeHead(416).end();
  const start = part ? Number(first) : 0;
  const end = part ? Math.min(Number(last) + 1, content.length) : content.length;
  const body = content.subarray(start, end + (fault.sendMore ?? 0));
  const length = fault.chunked ? {} : { "content-length": String(body.length) };
  const partly = part ? { "content-range": `bytes ${start}-${end - 1}/${total}` } : {};
  response.writeHead(part ? 206 : 200, { ...length, ...partly, ...fault.headers });
  if (headOnly) return void response.end();
  response.flushHeaders();
  const most = fault.cutAfter ?? fault.stallAfter ?? body.length;
  const piece = fault.pauseMs === undefined ? 64 << 10 : 1000;
  for (let sent = 0; sent < Math.min(most, body.length); sent += piece) {
    if (response.destroyed) return;
    response.write(body.subarray(sent, Math.min(sent + piece, most, body.length)));
    // Each piece leaves by itself, so that what a cut leaves behind is what the test says.
    await new Promise((resolve) =>
      fault.pauseMs === undefined ? setImmediate(resolve) : setTimeout(resolve, fault.pauseMs),
    );
  }
  if (fault.cutAfter !== undefined) setTimeout(() => response.destroy(), 5);
  else if (fault.stallAfter === undefined) response.end();
}
