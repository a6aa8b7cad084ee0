import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createApp } from "../app.js";
import type { ModelSource } from "../model-source.js";
import { UpstreamPool, type Upstream } from "./upstream-pool.js";

const servers: Server[] = [];
const pools: UpstreamPool[] = [];
afterEach(async () => {
  for (const pool of pools.splice(0)) pool.close();
  await Promise.all(
    servers.splice(0).map((server) => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    }),
  );
});

/** A server as an engine on another machine would be. */
async function engine(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}

interface Seen {
  path: string;
  headers: Record<string, unknown>;
  body: { model: string };
}

/** An engine that notes what it is asked and answers with its name. */
async function echo(name: string, seen: Seen[] = []): Promise<string> {
  return engine((request, response) => {
    let text = "";
    request.on("data", (piece: Buffer) => (text += piece.toString()));
    request.on("end", () => {
      seen.push({ path: request.url!, headers: request.headers, body: text === "" ? {} : JSON.parse(text) });
      response.setHeader("content-type", "application/json").end(JSON.stringify({ answered_by: name }));
    });
  });
}

const noModels: ModelSource = {
  acquire: () => Promise.reject(new Error("The local models were asked.")),
  list: () => Promise.resolve([{ id: "local", created: 0, builtin: false, bytes: 1, status: "downloaded" }]),
};

function serve(...upstreams: Upstream[]) {
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const pool = new UpstreamPool(upstreams, { log, checkMs: 20 });
  pools.push(pool);
  const app = createApp({ models: noModels, upstreams: pool, processMetrics: false, upstreamPauseMs: 1 });
  const post = (body: object, headers: Record<string, string> = {}) =>
    app.request("http://localhost/v1/chat/completions", {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
  return { app, pool, post };
}

const messages = [{ role: "user", content: "Hi" }];
const gone = "http://127.0.0.1:9/v1";

describe("requests for an upstream's model", () => {
  it("are passed on with the upstream's key and model name, never with the client's key", async () => {
    const seen: Seen[] = [];
    const url = await echo("gpu", seen);
    const { post } = serve({ name: "big", urls: [`${url}/`], apiKey: "upstream-key", model: "org/Big-70B" });
    const response = await post({ model: "big", messages, extra: 1 }, { authorization: "Bearer client-key" });
    expect(await response.json()).toEqual({ answered_by: "gpu" });
    expect(seen[0]).toMatchObject({
      path: "/v1/chat/completions",
      headers: { authorization: "Bearer upstream-key" },
      body: { model: "org/Big-70B", messages, extra: 1 },
    });
  });

  it("leave other models to this server, unless an upstream takes every name", async () => {
    const url = await echo("gpu");
    expect((await serve({ name: "big", urls: [url] }).post({ model: "local", messages })).status).toBe(500);
    const any = serve({ name: "*", urls: [url] });
    expect(await (await any.post({ model: "whatever", messages })).json()).toEqual({ answered_by: "gpu" });
  });

  it("go to the targets in turn, past those that can't be reached or are overloaded", async () => {
    const busy = await engine((_, response) => response.writeHead(503).end("{}"));
    const names = [await echo("one"), await echo("two")];
    const { post, app } = serve({ name: "big", urls: [gone, busy, ...names] });
    const answers = new Set<string>();
    for (let i = 0; i < 8; i++) {
      const response = await post({ model: "big", messages });
      answers.add(((await response.json()) as { answered_by: string }).answered_by);
    }
    expect(answers).toEqual(new Set(["one", "two"]));
    const list = (await (await app.request("http://localhost/v1/models")).json()) as { data: { id: string }[] };
    expect(list.data.map(({ id }) => id)).toEqual(["local", "big"]);
  });

  it("are tried again when the answer breaks off before its first piece", async () => {
    let tries = 0;
    const url = await engine((request, response) => {
      tries += 1;
      if (tries < 3) return request.socket.destroy();
      response.setHeader("content-type", "application/json").end("{}");
    });
    expect((await serve({ name: "big", urls: [url] }).post({ model: "big", messages })).status).toBe(200);
    expect(tries).toBe(3);
  });

  it("get the engine's own refusal at once", async () => {
    let tries = 0;
    const url = await engine((_, response) => {
      tries += 1;
      response.writeHead(400, { "content-type": "application/json" }).end('{"error":{"message":"no"}}');
    });
    const response = await serve({ name: "big", urls: [url] }).post({ model: "big", messages });
    expect([response.status, await response.json(), tries]).toEqual([400, { error: { message: "no" } }, 1]);
  });

  it("fail with a clear error when no target answers", async () => {
    const response = await serve({ name: "big", urls: [gone] }).post({ model: "big", messages });
    expect(response.status).toBe(502);
    expect(response.headers.get("retry-after")).toBe("5");
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    expect(error).toMatchObject({ code: "upstream_failed", message: expect.stringContaining("big") });
  });

  it("stream, and end with an error event when the engine dies in the middle", async () => {
    const url = await engine((request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write('data: {"n":1}\n\n');
      setTimeout(() => request.socket.destroy(), 30);
    });
    const response = await serve({ name: "big", urls: [url] }).post({ model: "big", messages, stream: true });
    const text = await response.text();
    expect(text.startsWith('data: {"n":1}\n\n')).toBe(true);
    expect(text).toContain('"code":"upstream_failed"');
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
  });

  it("stop the engine's work when the client leaves", async () => {
    let closed = () => {};
    const ended = new Promise<void>((resolve) => (closed = resolve));
    const url = await engine((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: 1\n\n");
      response.on("close", () => closed());
    });
    const response = await serve({ name: "big", urls: [url] }).post({ model: "big", messages, stream: true });
    const reader = response.body!.getReader();
    await reader.read();
    await reader.cancel();
    await expect(ended).resolves.toBeUndefined();
  });
});

describe("a target that failed", () => {
  it("is looked at until it is well again", async () => {
    let well = false;
    const url = await engine((request, response) => {
      if (!well) return request.socket.destroy();
      response.setHeader("content-type", "application/json").end("{}");
    });
    const { post, pool } = serve({ name: "big", urls: [url] });
    expect((await post({ model: "big", messages })).status).toBe(502);
    expect(pool.names()).toEqual([{ name: "big", healthy: false }]);
    well = true;
    for (let i = 0; i < 100 && !pool.names()[0]!.healthy; i++) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(pool.names()).toEqual([{ name: "big", healthy: true }]);
  });
});
