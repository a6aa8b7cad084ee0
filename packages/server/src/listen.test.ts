import { createServer } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { IzwiError } from "@izwi/core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { FakeLoader } from "./fakes/fake-loader.js";
import { startServer, type RunningServer, type ServerOptions } from "./listen.js";
import type { OwnedModel } from "./model-loader.js";
import { ModelPool } from "./model-pool.js";
import { end, FakeModel, type Script } from "./openai/fakes/fake-model.js";

// Busy machines take their time.
vi.setConfig({ testTimeout: 30_000 });
const eventually = <T>(check: () => T) => vi.waitFor(check, { timeout: 20_000, interval: 20 });

const servers: RunningServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close({ graceMs: 0 })));
});

/** A real server on a free port over a fake model, which answers with `script`. */
async function start(options: ServerOptions & { script?: (index: number) => Script } = {}) {
  const model = Object.assign(new FakeModel(), {
    close: async () => {},
    ...(options.script && { script: options.script }),
  });
  const loader = new FakeLoader({ fake: {}, other: {} });
  loader.load = async (file, onProgress) => {
    await loader.onLoad(file, onProgress);
    return model as OwnedModel;
  };
  const models = new ModelPool({ loader });
  const server = await startServer({ port: 0, processMetrics: false, models, ...options });
  servers.push(server);
  return { server, model, loader, models };
}

const chat = (more: object = {}) => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ messages: [{ role: "user", content: "Hello!" }], ...more }),
});
const forever = new Promise<never>(() => {});
const hello = { type: "text-delta", text: "Hello" } as const;

/** A client that sends bytes and keeps what comes. */
function rawClient(server: RunningServer, text: string) {
  const socket: Socket = connect(server.port, "127.0.0.1");
  const received = { text: "" };
  socket.setEncoding("utf8").on("data", (more: string) => (received.text += more));
  socket.on("error", () => {});
  const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
  socket.write(text);
  return { socket, received, closed };
}

function rawPost(body: object): string {
  const text = JSON.stringify({ messages: [{ role: "user", content: "Hello!" }], ...body });
  return (
    `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n` +
    `content-length: ${text.length}\r\n\r\n${text}`
  );
}

describe("the address", () => {
  it("is this machine's by all its names, and no other", async () => {
    const { server } = await start();
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    expect(server.apiKey).toBeUndefined();
    for (const host of ["127.0.0.1", "localhost"]) {
      expect((await fetch(`http://${host}:${server.port}/livez`)).status, host).toBe(200);
    }
  });

  it("that is taken gives an error that says so", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    await expect(start({ port })).rejects.toThrow(`Port ${port} is in use already.`);
    other.close();
    await expect(start({ host: "203.0.113.7" })).rejects.toThrow("203.0.113.7 is no address of this machine.");
  });

  it("that others can reach needs a key, and gets one made where none is given", async () => {
    const { server } = await start({ host: "0.0.0.0" });
    expect(server.apiKey).toMatch(/^izwi-[\w-]{32}$/);
    expect(server.url).toBe(`http://localhost:${server.port}`);
    const url = `http://127.0.0.1:${server.port}/v1/models`;
    expect((await fetch(url)).status).toBe(401);
    expect((await fetch(url, { headers: { authorization: `Bearer ${server.apiKey}` } })).status).toBe(200);

    const { server: given } = await start({ host: "0.0.0.0", apiKey: "mine" });
    expect(given.apiKey).toBe("mine");
  });
});

describe("what isn't a request", () => {
  it.each([
    ["nonsense", "nonsense\r\n\r\n"],
    ["no host", "GET /v1/models HTTP/1.0\r\n\r\n"],
    ["a host that no URL could have", "GET /v1/models HTTP/1.1\r\nhost: a/b\r\n\r\n"],
  ])("%s gets an error in OpenAI's shape", async (_name, text) => {
    const { server } = await start();
    const { socket, received } = rawClient(server, text);
    await eventually(() => expect(received.text).toContain('{"error":{"message":"'));
    expect(received.text).toMatch(/^HTTP\/1\.1 40[03] /);
    socket.destroy();
  });
});

describe("a body that doesn't tell its length", () => {
  const head = "HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";

  it("is read when it comes in chunks", async () => {
    const { server } = await start();
    const text = JSON.stringify({ messages: [{ role: "user", content: "Hello!" }] });
    const chunks = [text.slice(0, 7), text.slice(7)].map((part) => `${part.length.toString(16)}\r\n${part}\r\n`);
    const fields = "content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    const { received, closed } = rawClient(
      server,
      `POST /v1/chat/completions ${head}${fields}${chunks.join("")}0\r\n\r\n`,
    );
    await closed;
    expect(received.text).toMatch(/^HTTP\/1\.1 200 [\s\S]*"object":"chat\.completion"/);
  });

  it("may be none at all", async () => {
    const { server } = await start();
    const { received, closed } = rawClient(server, `POST /v1/admin/models/fake/load?wait=true ${head}\r\n`);
    await closed;
    expect(received.text).toMatch(/^HTTP\/1\.1 200 [\s\S]*"status":"ready"/);
  });
});

describe("a client that leaves", () => {
  it("ends its stream's generation", async () => {
    const { server, model, models } = await start({ script: () => [hello, forever] });
    const { socket, received } = rawClient(server, rawPost({ stream: true }));
    await eventually(() => expect(received.text).toContain("Hello"));
    expect({ running: model.running, active: server.active }).toEqual({ running: 1, active: 1 });
    socket.destroy();
    await eventually(() => expect(model).toMatchObject({ running: 0, aborted: 1 }));
    await eventually(() => expect(server.active).toBe(0));
    expect(models.models()).toMatchObject([{ leases: 0 }]);
  });

  it.each([{ stream: true }, {}])("ends a generation that has said nothing yet: %j", async (body) => {
    const { server, model } = await start({ script: () => [forever] });
    const { socket } = rawClient(server, rawPost(body));
    await eventually(() => expect(model.running).toBe(1));
    socket.destroy();
    await eventually(() => expect(model).toMatchObject({ running: 0, aborted: 1 }));
    await eventually(() => expect(server.active).toBe(0));
  });

  it("while its model loads leaves the loading to the next one", async () => {
    const { server, loader, models } = await start();
    let loaded = () => {};
    loader.onLoad = () => new Promise((resolve) => (loaded = resolve));
    const { socket } = rawClient(server, rawPost({}));
    await eventually(() => expect(models.models()).toMatchObject([{ status: "loading", leases: 1 }]));
    socket.destroy();
    await eventually(() => expect(models.models()).toMatchObject([{ status: "loading", leases: 0 }]));
    loaded();
    await eventually(() => expect(models.models()).toMatchObject([{ status: "ready", leases: 0 }]));
  });

  it("or stops reading is cut off, and its generation ends", async () => {
    const long = { type: "text-delta", text: "x".repeat(64 * 1024) } as const;
    const { server, model, models } = await start({
      stallMs: 300,
      script: () => Array.from({ length: 2000 }, () => long),
    });
    const { socket, received, closed } = rawClient(server, rawPost({ stream: true }));
    await eventually(() => expect(received.text.length).toBeGreaterThan(0));
    socket.pause();
    expect(model.running).toBe(1);
    await eventually(() =>
      expect({ running: model.running, active: server.active }).toEqual({ running: 0, active: 0 }),
    );
    expect(models.models()).toMatchObject([{ leases: 0 }]);
    socket.resume();
    await closed;
    expect(received.text).not.toContain("[DONE]");
  });

  it("but one that reads slowly, or waits for long, is not", async () => {
    const slow = new Promise((resolve) => setTimeout(resolve, 1500));
    const long = { type: "text-delta", text: "x".repeat(1024 * 1024) } as const;
    // More than the system keeps for a connection, so that the server has to wait for the reader.
    const script = () => [slow, ...Array.from({ length: 14 }, () => long), end()];
    const { server } = await start({ stallMs: 1000, script });
    const { socket, received } = rawClient(server, rawPost({ stream: true }));
    const slowly = setInterval(() => {
      socket.resume();
      setTimeout(() => socket.pause(), 5);
    }, 60);
    await eventually(() => expect(received.text).toContain("[DONE]"));
    clearInterval(slowly);
    socket.destroy();
  });
});

describe("closing", () => {
  it("finishes what runs, takes nothing new, and unloads the models", async () => {
    let finish = () => {};
    const gate = new Promise<void>((resolve) => (finish = resolve));
    const { server, models } = await start({ script: () => [hello, gate, end()] });
    const stream = await fetch(`${server.url}/v1/chat/completions`, chat({ stream: true }));
    // A connection that is open already.
    const kept = rawClient(server, "GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n");
    await eventually(() => expect(kept.received.text).toContain("alive"));
    const closing = server.close();
    await kept.closed;
    await expect(fetch(`${server.url}/livez`)).rejects.toThrow("fetch failed");
    finish();
    expect(await stream.text()).toContain("data: [DONE]");
    await closing;
    expect(models.models()).toEqual([]);
    await server.close();
  });

  it("ends what takes too long, and tells its client", async () => {
    const { server, model } = await start({ script: () => [hello, forever] });
    const stream = await fetch(`${server.url}/v1/chat/completions`, chat({ stream: true }));
    const whole = fetch(`${server.url}/v1/chat/completions`, chat());
    await eventually(() => expect(model.running).toBe(2));
    await server.close({ graceMs: 50 });
    expect(await stream.text()).toMatch(/"code":"shutting_down".*\n\ndata: \[DONE\]\n\n$/);
    expect((await whole).status).toBe(503);
    expect(model).toMatchObject({ running: 0, aborted: 2 });
  });

  it("at once when asked a second time for that", async () => {
    const { server, model } = await start({ script: () => [hello, forever] });
    const stream = await fetch(`${server.url}/v1/chat/completions`, chat({ stream: true }));
    const closing = server.close({ graceMs: 60_000 });
    await server.close({ graceMs: 0 });
    await closing;
    expect(await stream.text()).toContain("shutting_down");
    expect(model.running).toBe(0);
  });
});

describe("models at the start", () => {
  it("are loaded before the server is ready, and the first one answers by default", async () => {
    let loaded = () => {};
    const loader = new FakeLoader({ other: {}, fake: {} });
    loader.onLoad = () => new Promise((resolve) => (loaded = resolve));
    const models = new ModelPool({ loader });
    const { server } = await start({ models, preload: ["fake"] });
    const probe = async (path: string) => {
      const response = await fetch(server.url + path);
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    await eventually(() => expect(models.models()).toMatchObject([{ id: "fake", status: "loading" }]));
    for (const path of ["/readyz", "/health"]) {
      expect(await probe(path)).toMatchObject({
        status: 503,
        body: { status: "loading", ready: false, error: { message: "Loading model", code: "loading" } },
      });
    }
    expect((await probe("/livez")).status).toBe(200);
    loaded();
    await server.ready;
    expect(await probe("/readyz")).toMatchObject({ status: 200, body: { status: "ready", ready: true } });
    expect(await probe("/health")).toMatchObject({ status: 200, body: { status: "ok" } });
    expect(await probe("/v1/health")).toMatchObject({
      body: { status: "ok", runtime: { selected_backend: "cpu" }, models: [{ id: "fake", status: "ready" }] },
    });
  });

  it("that nobody knows stop the start, and those that can't be loaded are told", async () => {
    await expect(start({ preload: ["absent"] })).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
    const loader = new FakeLoader({ fake: {} });
    loader.onLoad = async () => {
      throw new IzwiError("INVALID_MODEL_FILE", "The file is cut off.");
    };
    const { server } = await start({ models: new ModelPool({ loader }), preload: ["fake"] });
    await expect(server.ready).rejects.toMatchObject({ code: "INVALID_MODEL_FILE" });
    const health = (await (await fetch(`${server.url}/v1/health`)).json()) as Record<string, unknown>;
    expect(health).toMatchObject({ models: [{ id: "fake", status: "error", error: "The file is cut off." }] });
  });
});
