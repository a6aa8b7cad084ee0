import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { IzwiError, type PulledModel, type PullOptions, type PullProgress } from "@izwi/core";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { createApp, type AppOptions } from "../app.js";
import { FakeLoader } from "../fakes/fake-loader.js";
import { ModelLibrary } from "../model-library.js";
import { coreLoader } from "../model-loader.js";
import { ModelPool } from "../model-pool.js";
import { parseEvents } from "../openai/fakes/test-app.js";

const home = mkdtempSync(join(tmpdir(), "izwi-library-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const HALF: PullProgress = {
  type: "download",
  bytes: 50,
  totalBytes: 100,
  resumedBytes: 0,
  bytesPerSecond: 10,
  etaMs: 5000,
};

/** A pull that goes on as the test says. */
class Pulling {
  asked: string[] = [];
  options: PullOptions = {};
  finish: () => void = () => undefined;
  fail: (error: Error) => void = () => undefined;

  readonly pull = (name: string, options: PullOptions = {}): Promise<PulledModel> => {
    this.asked.push(name);
    this.options = options;
    return new Promise((resolve, reject) => {
      this.finish = () =>
        resolve({ id: name, path: "/m", bytes: 100, sha256: "0", origin: "downloaded" } as PulledModel);
      this.fail = reject;
      options.signal?.addEventListener("abort", () =>
        reject(new IzwiError("ABORTED", "The operation was aborted.", { cause: options.signal!.reason })),
      );
    });
  };

  tell(progress: PullProgress): void {
    this.options.onProgress?.(progress);
  }
}

function server(options: Partial<AppOptions> = {}) {
  const modelsDir = mkdtempSync(join(home, "models-"));
  const pulling = new Pulling();
  const pool = new ModelPool({ loader: new FakeLoader({}) });
  const library = new ModelLibrary({ pool, modelsDir, pull: pulling.pull });
  const app = createApp({ models: pool, admin: pool, library, processMetrics: false, pingMs: 60_000, ...options });
  const ask = async (method: string, path: string, headers: Record<string, string> = {}) => {
    const response = await app.request(path, { method, headers });
    const type = response.headers.get("content-type") ?? "";
    const text = await response.text();
    return { status: response.status, body: (type.includes("json") ? JSON.parse(text) : parseEvents(text)) as any };
  };
  return { app, pool, library, pulling, modelsDir, ask };
}

const PULL = "/v1/admin/models/qwen3-0.6b-8bit/pull";

describe("GET /v1/admin/catalog", () => {
  it("lists what can be pulled, what is installed and what is on its way", async () => {
    const { ask, modelsDir, pulling } = server();
    mkdirSync(join(modelsDir, "qwen3-4b-4bit"));
    writeFileSync(join(modelsDir, "qwen3-4b-4bit", "Qwen3-4B-Q4_K_M.gguf"), "GGUF");
    const watching = ask("POST", "/v1/admin/models/hf%3Aa%2Fb/pull");
    await pause(5);
    pulling.tell(HALF);
    const { status, body } = await ask("GET", "/v1/admin/catalog");
    expect(status).toBe(200);
    expect(body.models.find(({ id }: { id: string }) => id === "qwen3-4b-4bit")).toMatchObject({ installed: true });
    expect(body.models[0]).toMatchObject({ size_bytes: 396_705_472, recommended: true, installed: false });
    expect(body.models[0].needed_memory_bytes).toBeGreaterThan(396_705_472);
    expect(body.free_disk_bytes).toBeGreaterThan(0);
    expect(body.pulls).toMatchObject([{ id: "hf:a/b", status: "downloading", bytes: 50, total_bytes: 100 }]);
    pulling.finish();
    await watching;
    expect((await ask("GET", "/v1/admin/catalog")).body.pulls).toEqual([]);
  });
});

describe("a pull", () => {
  it("tells its progress and its end", async () => {
    const { ask, pulling } = server();
    const asked = ask("POST", "/v1/admin/models/Qwen3-0.6B-Q8_0/pull");
    await pause(5);
    const steps: PullProgress[] = [
      { type: "resolve", name: "x" },
      HALF,
      { type: "retry", attempt: 1, retries: 8, delayMs: 400.4, reason: "The connection broke." },
      { type: "verify", bytes: 100, totalBytes: 100 },
    ];
    for (const step of steps) {
      pulling.tell(step);
      await pause(5);
    }
    pulling.finish();
    const { status, body } = await asked;
    expect(pulling.asked).toEqual(["qwen3-0.6b-8bit"]);
    expect(status).toBe(200);
    const nothing = { bytes_per_second: 0, eta_ms: null, retry: null };
    const id = "qwen3-0.6b-8bit";
    expect(body).toEqual([
      { event: "progress", data: { id, status: "resolving", bytes: 0, total_bytes: null, ...nothing } },
      {
        event: "progress",
        data: {
          ...{ id, status: "downloading", bytes: 50, total_bytes: 100 },
          ...{ bytes_per_second: 10, eta_ms: 5000, retry: null },
        },
      },
      {
        event: "progress",
        data: {
          ...{ id, status: "retrying", bytes: 50, total_bytes: 100 },
          ...{ ...nothing, retry: { reason: "The connection broke.", delay_ms: 400 } },
        },
      },
      { event: "progress", data: { id, status: "verifying", bytes: 100, total_bytes: 100, ...nothing } },
      { event: "done", data: { id } },
    ]);
  });

  it("is joined by a second viewer, and goes on when all have left", async () => {
    const { app, ask, pulling } = server();
    const first = await Promise.all([app.request(PULL, { method: "POST" }), pause(5).then(() => pulling.tell(HALF))]);
    const second = ask("GET", PULL);
    await first[0].body!.cancel();
    await pause(5);
    expect(pulling.options.signal!.aborted).toBe(false);
    pulling.finish();
    expect((await second).body.at(-1)).toEqual({ event: "done", data: { id: "qwen3-0.6b-8bit" } });
    expect(pulling.asked).toHaveLength(1);
  });

  it("isn't cut off by the request's time limit", async () => {
    const { ask, pulling } = server({ timeoutMs: 20 });
    const asked = ask("POST", PULL);
    await pause(5);
    pulling.tell(HALF);
    await pause(60);
    pulling.finish();
    expect((await asked).body.at(-1)).toMatchObject({ event: "done" });
  });

  it("is cancelled for everybody", async () => {
    const { ask, pulling } = server();
    const viewers = [ask("POST", PULL), ask("POST", PULL)];
    await pause(5);
    pulling.tell(HALF);
    await pause(5);
    expect(await ask("DELETE", PULL)).toEqual({ status: 200, body: { id: "qwen3-0.6b-8bit", cancelled: true } });
    for (const viewer of viewers) {
      const last = (await viewer).body.at(-1);
      expect(last).toMatchObject({ event: "error", data: { error: { code: "pull_cancelled" } } });
    }
    for (const method of ["DELETE", "GET"]) {
      expect(await ask(method, PULL)).toMatchObject({ status: 404, body: { error: { code: "pull_not_found" } } });
    }
  });

  it.each([
    ["DISK_FULL", 507, "disk_full"],
    ["DOWNLOAD_FAILED", 502, "download_failed"],
    ["CHECKSUM_MISMATCH", 502, "checksum_mismatch"],
    ["OFFLINE", 503, "offline"],
  ] as const)(
    "that fails with %s says so: before any progress by its status %i, later by an event",
    async (code, status, wire) => {
      const { ask, pulling } = server();
      const early = ask("POST", PULL);
      await pause(5);
      pulling.fail(new IzwiError(code, "This is why."));
      const body = { error: { message: "This is why.", type: expect.any(String), param: null, code: wire } };
      expect(await early).toEqual({ status, body });
      const late = ask("POST", PULL);
      await pause(5);
      pulling.tell(HALF);
      await pause(5);
      pulling.fail(new IzwiError(code, "This is why."));
      expect((await late).body.at(-1)).toEqual({ event: "error", data: body });
    },
  );

  it("ends with the server, and none begins after it", async () => {
    const { ask, pulling, library } = server();
    const viewer = ask("POST", PULL);
    await pause(5);
    pulling.tell(HALF);
    await pause(5);
    await library.close();
    expect((await viewer).body.at(-1)).toMatchObject({ event: "error", data: { error: { code: "shutting_down" } } });
    expect(await ask("POST", PULL)).toMatchObject({ status: 503 });
  });

  it("asks no address but the hub's", async () => {
    const { ask, pulling } = server();
    for (const address of [
      "http://127.0.0.1/x.gguf",
      "https://example.com/x.gguf",
      "HTTPS://hf.co.evil.example/x.gguf",
      "http://hf.co/a/b",
      "file:///etc/x.gguf",
    ]) {
      const { status, body } = await ask("POST", `/v1/admin/models/${encodeURIComponent(address)}/pull`);
      expect([status, body.error.type], address).toEqual([400, "invalid_request_error"]);
    }
    expect(pulling.asked).toEqual([]);
    const asked = ask("POST", `/v1/admin/models/${encodeURIComponent("https://huggingface.co/a/b")}/pull`);
    await pause(5);
    pulling.finish();
    expect((await asked).status).toBe(200);
  });

  it("of a name that is none fails with 404, and leaves nothing running", async () => {
    const { pool, modelsDir } = server();
    const library = new ModelLibrary({ pool, modelsDir });
    const app = createApp({ models: pool, library, processMetrics: false });
    const response = await app.request("/v1/admin/models/qwen3-0.7b/pull", { method: "POST" });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: "model_not_found" } });
    expect((await library.list()).pulls).toEqual([]);
  });
});

describe("DELETE /v1/admin/models/{id}", () => {
  /** Real files, found by core; loading is the fake's. */
  function withFiles() {
    const modelsDir = mkdtempSync(join(home, "models-"));
    mkdirSync(join(modelsDir, "a"));
    const file = join(modelsDir, "a", "weights.gguf");
    writeFileSync(file, "GGUF");
    const elsewhere = join(home, "elsewhere.gguf");
    writeFileSync(elsewhere, "GGUF");
    const loader = {
      ...coreLoader({ modelsDir }),
      load: new FakeLoader({ a: {} }).load.bind(new FakeLoader({ a: {} })),
    };
    const pool = new ModelPool({ loader, memory: { totalBytes: () => 8e9, availableBytes: () => 8e9 } });
    const pulling = new Pulling();
    const library = new ModelLibrary({ pool, modelsDir, pull: pulling.pull });
    const app = createApp({ models: pool, admin: pool, library, processMetrics: false });
    const remove = async (id: string) => {
      const response = await app.request(`/v1/admin/models/${id}`, { method: "DELETE" });
      return { status: response.status, body: (await response.json()) as any };
    };
    return { modelsDir, file, elsewhere, pool, library, pulling, remove };
  }

  it("deletes a model that is idle, also a loaded one, and forgets it", async () => {
    const { file, pool, remove } = withFiles();
    await pool.preload(["a"]);
    expect(await remove("a")).toEqual({ status: 200, body: { id: "a", freed_bytes: 4 } });
    expect(existsSync(file)).toBe(false);
    expect((await pool.list()).map(({ id }) => id)).toEqual(["izwi-tiny"]);
    expect(await remove("a")).toMatchObject({ status: 404, body: { error: { code: "model_not_found" } } });
    await expect(pool.acquire("a")).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
  });

  it("doesn't take a model away from under its requests", async () => {
    const { file, pool, remove } = withFiles();
    const lease = await pool.acquire("a");
    expect(await remove("a")).toMatchObject({ status: 409, body: { error: { code: "model_in_use" } } });
    expect(existsSync(file)).toBe(true);
    lease.release();
    expect((await remove("a")).status).toBe(200);
  });

  it("lets a request that comes meanwhile wait, and then tells it that the model is gone", async () => {
    const { pool, file } = withFiles();
    let asked: Promise<unknown> | undefined;
    await pool.remove("a", async () => {
      asked = pool.acquire("a").catch((error: IzwiError) => error.code);
      await pause(5);
      rmSync(file);
    });
    expect(await asked).toBe("MODEL_NOT_FOUND");
  });

  it("removes what an interrupted pull left, but not during the pull", async () => {
    const { modelsDir, pulling, library, remove } = withFiles();
    const part = join(modelsDir, "qwen3-4b-4bit", "Qwen3-4B-Q4_K_M.gguf.part");
    mkdirSync(join(modelsDir, "qwen3-4b-4bit"));
    writeFileSync(part, "GGUF");
    writeFileSync(`${part}.json`, JSON.stringify({ version: 1, source: "x", bytes: 8, there: [[0, 4]] }));
    expect((await library.list()).unfinished).toMatchObject([{ id: "qwen3-4b-4bit", bytes: 4, totalBytes: 8 }]);
    const pull = library.pull("qwen3-4b");
    expect(await remove("qwen3-4b-4bit")).toMatchObject({ status: 409, body: { error: { code: "model_busy" } } });
    pulling.finish();
    await pull.finished;
    await pause(1);
    expect((await remove("qwen3-4b-4bit")).status).toBe(200);
    expect(existsSync(part)).toBe(false);
  });

  it("leaves alone what isn't in the models directory, and the built-in model", async () => {
    const { elsewhere, pool, remove } = withFiles();
    await pool.configure([elsewhere]);
    expect(await remove("elsewhere")).toMatchObject({
      status: 400,
      body: { error: { type: "invalid_request_error" } },
    });
    expect(existsSync(elsewhere)).toBe(true);
    for (const name of ["builtin", "izwi-tiny"]) expect(await remove(name)).toMatchObject({ status: 400 });
    expect(await remove(encodeURIComponent(elsewhere))).toMatchObject({ status: 400 });
    expect(await remove(encodeURIComponent("../../etc/passwd"))).toMatchObject({ status: 404 });
  });
});

describe("the library's routes", () => {
  const CHANGES = [
    ["POST", PULL],
    ["DELETE", PULL],
    ["DELETE", "/v1/admin/models/a"],
  ] as const;

  it("want the key", async () => {
    const { ask, pulling } = server({ apiKey: "k" });
    for (const [method, path] of [...CHANGES, ["GET", PULL], ["GET", "/v1/admin/catalog"]] as const) {
      expect(await ask(method, path), `${method} ${path}`).toMatchObject({ status: 401 });
    }
    expect(pulling.asked).toEqual([]);
  });

  it.each<[string, Partial<AppOptions>]>([
    ["where no other origin may call", {}],
    ["where any origin may call without a key", { corsOrigins: "*" }],
  ])("do nothing for a page of somebody else, %s", async (_, options) => {
    const { ask, pulling } = server(options);
    for (const [method, path] of CHANGES) {
      const foreign = await ask(method, path, { origin: "https://evil.example" });
      expect(foreign, `${method} ${path}`).toMatchObject({
        status: 403,
        body: { error: { code: "origin_not_allowed" } },
      });
      expect(await ask(method, path, { host: "evil.example" })).toMatchObject({ status: 403 });
    }
    expect(pulling.asked).toEqual([]);
    expect(await ask("DELETE", PULL, { origin: "http://localhost" })).toMatchObject({ status: 404 });
  });

  it("are for a page that was let in by name", async () => {
    const { ask } = server({ corsOrigins: ["https://own.example"] });
    expect(await ask("DELETE", PULL, { origin: "https://own.example" })).toMatchObject({ status: 404 });
  });

  it("answer any name with what their description says", async () => {
    const { ask, pulling } = server();
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1, unit: "grapheme" }), async (name) => {
        const path = `/v1/admin/models/${encodeURIComponent(name)}`;
        for (const [method, where] of [
          ["DELETE", path],
          ["DELETE", `${path}/pull`],
          ["GET", `${path}/pull`],
        ] as const) {
          const { status, body } = await ask(method, where);
          expect([400, 404], `${method} ${where}`).toContain(status);
          expect(Object.keys(body.error).sort()).toEqual(["code", "message", "param", "type"]);
        }
      }),
    );
    expect(pulling.asked).toEqual([]);
  });

  it("aren't there for an app without a library, and know their methods", async () => {
    const pool = new ModelPool({ loader: new FakeLoader({}) });
    const app = createApp({ models: pool, processMetrics: false });
    expect((await app.request("/v1/admin/catalog")).status).toBe(404);
    const { ask } = server();
    expect(await ask("POST", "/v1/admin/catalog")).toMatchObject({ status: 405 });
    expect(await ask("PUT", PULL)).toMatchObject({ status: 405 });
  });
});
