import { Hono } from "hono";
import { describe, expect, it, vi } from "vitest";
import { createApp } from "./app.js";
import { createLogger } from "./logger.js";
import { end } from "./openai/fakes/fake-model.js";
import { TestApp, type Json } from "./openai/fakes/test-app.js";

// Busy machines take their time.
vi.setConfig({ testTimeout: 30_000 });
const eventually = <T>(check: () => T) => vi.waitFor(check, { timeout: 20_000, interval: 20 });

const chat = { model: "fake", messages: [{ role: "user", content: "a secret of mine" }] };

/** An app whose log lines are kept. */
function loggingApp(options: ConstructorParameters<typeof TestApp>[0] = {}) {
  const lines: Json[] = [];
  const log = createLogger({ level: "debug", format: "json", write: (line) => void lines.push(JSON.parse(line)) });
  return { test: new TestApp({ log, ...options }), lines };
}

/** The body of an error, after checking that it has OpenAI's shape. */
async function errorOf(response: Response): Promise<Json> {
  expect(response.headers.get("content-type")).toMatch(/^application\/json/);
  const { error } = (await response.json()) as { error: Json };
  expect(Object.keys(error).sort()).toEqual(["code", "message", "param", "type"]);
  expect(error["message"]).not.toBe("");
  return error;
}

describe("every path", () => {
  it.each([
    ["GET", "/nothing", 404, "unknown_url", null],
    ["POST", "/v1/nothing", 404, "unknown_url", null],
    ["GET", "/v1/chat/completions", 405, "method_not_allowed", "POST"],
    ["DELETE", "/v1/models", 405, "method_not_allowed", "GET"],
    ["PUT", "/", 405, "method_not_allowed", "GET"],
    ["GET", "/v1/audio/speech", 405, "method_not_allowed", "POST"],
    ["POST", "/v1/audio/transcriptions", 501, "not_implemented", null],
  ])("%s %s is %d in OpenAI's shape", async (method, path, status, code, allow) => {
    const response = await new TestApp().app.request(path, { method });
    expect(response.status).toBe(status);
    expect(await errorOf(response)).toMatchObject({ code, param: null });
    expect(response.headers.get("allow")).toBe(allow);
  });

  it("carries the caller's request id, or one of its own, never one that could break a header or a log", async () => {
    const { app } = new TestApp();
    const idFor = async (id?: string) => {
      const response = await app.request("/nothing", id === undefined ? {} : { headers: { "x-request-id": id } });
      return response.headers.get("x-request-id");
    };
    expect(await idFor("my-id:7")).toBe("my-id:7");
    for (const id of [undefined, 'a "b"', "x".repeat(500)]) expect(await idFor(id)).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("tells browsers not to guess and not to frame", async () => {
    const { headers } = await new TestApp().app.request("/livez");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
  });

  it("answers a defect with 500, tells nobody what it was, and logs where", async () => {
    const { test, lines } = loggingApp();
    test.models.list = async () => {
      throw new TypeError("a secret of mine");
    };
    const response = await test.app.request("/v1/models");
    expect(response.status).toBe(500);
    expect((await errorOf(response))["message"]).not.toContain("secret");
    expect(lines).toMatchObject([{ level: "error", status: 500, error: "TypeError", stack: /app\.test/ }].map(loosely));
    expect(JSON.stringify(lines)).not.toContain("secret");
    // Even for what is no error at all.
    test.models.list = async () => Promise.reject("a text");
    expect((await test.app.request("/v1/models")).status).toBe(500);
  });
});

const loosely = (line: Json): Json =>
  Object.fromEntries(
    Object.entries(line).map(([key, value]) => [key, value instanceof RegExp ? expect.stringMatching(value) : value]),
  );

describe("the host and origin checks", () => {
  const status = async (headers: Record<string, string>, options: ConstructorParameters<typeof TestApp>[0] = {}) =>
    (await new TestApp(options).app.request("/v1/models", { headers })).status;

  it.each([
    ["localhost", 200],
    ["localhost:8080", 200],
    ["LOCALHOST:8080", 200],
    ["127.0.0.1:8080", 200],
    ["[::1]:8080", 200],
    ["app.localhost", 200],
    ["evil.example", 403],
    ["127.0.0.1.evil.example", 403],
    ["localhost.evil.example", 403],
    ["evil.example@localhost", 403],
    ["192.168.0.2:8080", 403],
    ["0.0.0.0:8080", 403],
    ["", 403],
  ])("host %j is %d", async (host, expected) => {
    expect(await status({ host })).toBe(expected);
  });

  it("knows further names when told", async () => {
    expect(await status({ host: "Models.lan:8080" }, { hosts: ["models.lan"] })).toBe(200);
    expect(await status({ host: "evil.example" }, { hosts: ["models.lan"] })).toBe(403);
    expect(await status({ host: "evil.example" }, { hosts: "any" })).toBe(200);
  });

  it.each([
    ["http://localhost:8080", [], 200],
    ["http://localhost:3000", [], 403],
    ["https://evil.example", [], 403],
    ["null", [], 403],
    ["file://", [], 403],
    ["http://localhost:3000", ["http://localhost:3000"], 200],
    ["https://evil.example", ["http://localhost:3000"], 403],
    ["app://obsidian.md", ["app://obsidian.md"], 200],
    ["https://anyone.example", "*", 200],
  ] as const)("origin %j with %j is %d", async (origin, corsOrigins, expected) => {
    expect(await status({ host: "localhost:8080", origin }, { corsOrigins })).toBe(expected);
  });

  it("answers a browser's question before it sends, for the origins that may", async () => {
    const { app } = new TestApp({ corsOrigins: ["http://localhost:3000"], apiKey: "key" });
    const ask = (origin: string) =>
      app.request("/v1/chat/completions", {
        method: "OPTIONS",
        headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization" },
      });
    const allowed = await ask("http://localhost:3000");
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get("access-control-allow-origin")).toBe("http://localhost:3000");
    expect(allowed.headers.get("access-control-allow-headers")).toBe("authorization");
    const refused = await ask("https://evil.example");
    expect(refused.status).toBe(403);
    expect(refused.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("lets an allowed page read errors, too", async () => {
    const { app } = new TestApp({ corsOrigins: "*", apiKey: "key" });
    const response = await app.request("/v1/models", { headers: { origin: "https://anyone.example" } });
    expect(response.status).toBe(401);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
  });
});

describe("the API key", () => {
  const secured = new TestApp({ apiKey: "s3cret" });
  const status = async (path: string, headers: Record<string, string> = {}) =>
    (await secured.app.request(path, { headers })).status;

  it.each([
    [{}, 401],
    [{ authorization: "Bearer s3cret" }, 200],
    [{ authorization: "bearer s3cret" }, 200],
    [{ "x-api-key": "s3cret" }, 200],
    [{ authorization: "Bearer s3cre" }, 401],
    [{ authorization: "Bearer s3crets" }, 401],
    [{ authorization: "Basic s3cret" }, 401],
    [{ authorization: "Bearer" }, 401],
  ])("%j is %d", async (headers, expected) => {
    expect(await status("/v1/models", headers as Record<string, string>)).toBe(expected);
  });

  it("is needed for everything that computes or tells about the machine", async () => {
    const response = await secured.post("/v1/chat/completions", chat);
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe("Bearer");
    expect(await errorOf(response)).toMatchObject({ code: "invalid_api_key", type: "authentication_error" });
    for (const path of ["/v1/health", "/metrics", "/v1/nothing", "/tokenize"]) expect(await status(path)).toBe(401);
    for (const path of ["/", "/health", "/livez", "/readyz", "/docs", "/openapi.json"]) {
      expect(await status(path), path).toBe(200);
    }
  });
});

describe("limits", () => {
  it("refuses a body that is too large, announced or not", async () => {
    const test = new TestApp({ limits: { bodyBytes: 1000 } });
    const body = JSON.stringify({ ...chat, user: "x".repeat(2000) });
    const announced = await test.post("/v1/chat/completions", body, {
      headers: { "content-type": "application/json", "content-length": String(body.length) },
    });
    expect(announced.status).toBe(413);
    expect(await errorOf(announced)).toMatchObject({ code: "request_too_large" });
    const streamed = await test.post("/v1/chat/completions", "", {
      body: new Blob([body]).stream(),
      duplex: "half",
      headers: { "content-type": "application/json", "transfer-encoding": "chunked" },
    } as RequestInit);
    expect(streamed.status).toBe(413);
    expect(test.model.chats).toEqual([]);
  });

  it("lets some requests wait and refuses the rest with 429", async () => {
    const test = new TestApp({ maxConcurrent: 1, maxQueued: 1 });
    let finish = () => {};
    const gate = new Promise<void>((resolve) => (finish = resolve));
    test.model.script = () => [gate, { type: "text-delta", text: "Hello" }, end()];
    const first = test.post("/v1/chat/completions", chat);
    const second = test.post("/v1/chat/completions", chat);
    await eventually(() => expect(test.model.running).toBe(1));
    const third = await test.post("/v1/chat/completions", chat);
    expect(third.status).toBe(429);
    expect(third.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
    expect(await errorOf(third)).toMatchObject({ type: "rate_limit_error", code: "too_many_requests" });
    // What computes nothing needs no place.
    expect((await test.app.request("/v1/models")).status).toBe(200);
    expect(test.model.chats).toHaveLength(1);
    finish();
    expect((await first).status).toBe(200);
    expect((await second).status).toBe(200);
  });

  it("keeps a stream's place until the stream ends, or its reader leaves", async () => {
    const test = new TestApp({ maxConcurrent: 1, maxQueued: 0 });
    const again = async () => (await test.post("/v1/chat/completions", chat)).status;
    test.model.script = (index) =>
      index === 0 ? [{ type: "text-delta", text: "Hello" }, new Promise(() => {}), end()] : [end()];
    const stream = await test.post("/v1/chat/completions", { ...chat, stream: true });
    const reader = stream.body!.getReader();
    // The role, the first word, and then nothing.
    for (let chunk = 0; chunk < 2; chunk++) await reader.read();
    const hanging = reader.read();
    await eventually(() => expect(test.model.running).toBe(1));
    expect(await again()).toBe(429);
    await reader.cancel();
    await hanging;
    await eventually(async () => expect(await again()).toBe(200));
    expect(test.model).toMatchObject({ running: 0, aborted: 1 });
    expect(test.models.leases).toBe(0);
    await (await test.post("/v1/chat/completions", { ...chat, stream: true })).text();
    expect(await again()).toBe(200);
  });

  it("ends a request that takes too long, also while it waits for its turn", async () => {
    const test = new TestApp({ timeoutMs: 30, maxConcurrent: 1 });
    test.model.script = () => [{ type: "text-delta", text: "Hello" }, new Promise(() => {}), end()];
    const [running, waiting] = await Promise.all([
      test.post("/v1/chat/completions", chat),
      test.post("/v1/chat/completions", chat),
    ]);
    for (const response of [running, waiting]) {
      expect(response.status).toBe(504);
      expect(await errorOf(response)).toMatchObject({ code: "request_timeout" });
    }
    // Long enough that the stream has begun.
    const streaming = new TestApp({ timeoutMs: 1000 }, test.model);
    const events = await streaming.stream("/v1/chat/completions", chat);
    expect(events.at(-2)!.data.error).toMatchObject({ code: "request_timeout" });
    expect(events.at(-1)!.data).toBe("[DONE]");
    expect(test.model.running).toBe(0);
  });
});

describe("the log", () => {
  it("has one line for each request, without anything that was said", async () => {
    const { test, lines } = loggingApp();
    await test.json("/v1/chat/completions", chat);
    await test.stream("/v1/chat/completions", chat);
    await test.json("/v1/chat/completions", { ...chat, temperature: "a secret of mine" });
    await test.app.request("/livez", { headers: { "x-request-id": "probe" } });
    expect(lines).toMatchObject([
      { level: "info", event: "request", method: "POST", path: "/v1/chat/completions", status: 200 },
      { status: 200 },
      { status: 400, code: "invalid_value" },
      { level: "debug", path: "/livez", request_id: "probe" },
    ]);
    expect(JSON.stringify(lines)).not.toContain("secret");
  });

  it("says when the client was gone", async () => {
    const { test, lines } = loggingApp();
    test.model.script = () => [new Promise(() => {})];
    const controller = new AbortController();
    const asking = test.post("/v1/chat/completions", chat, {
      headers: { "content-type": "application/json" },
      signal: controller.signal,
    });
    await eventually(() => expect(test.model.running).toBe(1));
    controller.abort();
    await asking;
    expect(lines).toMatchObject([{ client_gone: true }]);
    expect(test.model).toMatchObject({ running: 0, aborted: 1 });
  });
});

describe("the metrics", () => {
  it("count requests, answers, tokens and what runs", async () => {
    const test = new TestApp({ maxConcurrent: 1, maxQueued: 1 });
    await test.json("/v1/chat/completions", chat);
    await test.stream("/v1/chat/completions", chat);
    await test.app.request("/nothing/at/all");
    const gate = new Promise(() => {});
    test.model.script = () => [gate];
    const controller = new AbortController();
    const hanging = Array.from({ length: 2 }, () =>
      test.post("/v1/chat/completions", chat, {
        headers: { "content-type": "application/json" },
        signal: controller.signal,
      }),
    );
    await eventually(() => expect(test.model.running).toBe(1));
    await eventually(async () =>
      expect(await (await test.app.request("/metrics")).text()).toContain("izwi_requests_queued 1"),
    );
    const response = await test.app.request("/metrics");
    expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=/);
    const text = await response.text();
    for (const line of [
      'izwi_http_requests_total{method="POST",route="/v1/chat/completions",status="200"} 2',
      'izwi_http_requests_total{method="GET",route="unknown",status="404"} 1',
      'izwi_requests_completed_total{model="fake",reason="stop"} 2',
      'izwi_prompt_tokens_total{model="fake"} 10',
      'izwi_cached_prompt_tokens_total{model="fake"} 4',
      'izwi_completion_tokens_total{model="fake"} 6',
      'izwi_latency_prefill_ms_sum{model="fake"} 20',
      'izwi_latency_ttft_ms_count{model="fake"} 2',
      "izwi_requests_active 1",
      "izwi_requests_queued 1",
    ]) {
      expect(text.split("\n")).toContain(line);
    }
    controller.abort();
    await Promise.all(hanging);
    expect(await (await test.app.request("/metrics")).text()).toContain("izwi_requests_active 0");
  });
});

describe("pages", () => {
  const html = { headers: { accept: "text/html" } };

  it("shows the API without scripts, and names every route and type", async () => {
    const { app } = new TestApp();
    const response = await app.request("/docs");
    const page = await response.text();
    const policy = response.headers.get("content-security-policy")!;
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/]+=*'/);
    expect(page).not.toContain("<script");
    const api = (await (await app.request("/openapi.json")).json()) as Json;
    expect(api["openapi"]).toBe("3.1.0");
    const paths = Object.keys(api["paths"]);
    expect(paths).toEqual(expect.arrayContaining(["/v1/chat/completions", "/v1/models", "/readyz", "/metrics"]));
    for (const path of paths) expect(page).toContain(`<code>${path}</code>`);
    // Every type that the page points to is on it.
    const targets = [...page.matchAll(/href="#([^"]+)"/g)].map(([, name]) => name!);
    expect(targets.length).toBeGreaterThan(5);
    for (const name of targets) expect(page).toContain(`id="${name}"`);
  });

  it("points somewhere from the root, for people and for programs", async () => {
    const { app } = new TestApp();
    expect(await (await app.request("/")).json()).toMatchObject({ name: "izwi", api: "/v1", docs: "/docs" });
    const page = await (await app.request("/", html)).text();
    expect(page).toContain("http://localhost/v1/chat/completions");
  });

  it("has none where none are wanted", async () => {
    const { app } = new TestApp({ pages: false });
    expect((await app.request("/docs")).status).toBe(404);
    expect(await (await app.request("/", html)).json()).toMatchObject({ docs: "/openapi.json" });
  });
});

it("can be mounted under another app's path", async () => {
  const { models } = new TestApp();
  const app = createApp({ models, processMetrics: false });
  const outer = new Hono().mount("/ai", app.fetch);
  expect((await outer.request("/ai/v1/models")).status).toBe(200);
  expect((await outer.request("/v1/models")).status).toBe(404);
});
