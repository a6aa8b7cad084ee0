import { IzwiError } from "@izwi/core";
import { expect, it } from "vitest";
import { createApp } from "../app.js";
import { FakeLoader } from "../fakes/fake-loader.js";
import { ModelPool } from "../model-pool.js";

const memory = { totalBytes: () => 8e9, availableBytes: () => 8e9 };

function server(options: { apiKey?: string } = {}) {
  const loader = new FakeLoader({ a: {}, "org/b": {} });
  const pool = new ModelPool({ loader, memory });
  const app = createApp({ models: pool, admin: pool, processMetrics: false, ...options });
  const ask = async (method: string, path: string) => {
    const response = await app.request(path, { method });
    return { status: response.status, body: (await response.json()) as any };
  };
  return { loader, pool, ask };
}

it("loads a model, at once or waiting for it, and lists it", async () => {
  const { loader, pool, ask } = server();
  let open = () => {};
  let tell: Parameters<typeof loader.onLoad>[1] = () => {};
  loader.onLoad = (_, onProgress) => {
    tell = onProgress;
    return new Promise((resolve) => (open = resolve));
  };
  expect(await ask("POST", "/v1/admin/models/a/load")).toMatchObject({
    status: 202,
    body: {
      id: "a",
      status: "loading",
      size_bytes: 1000,
      builtin: false,
      context_length: null,
      loading_ms: expect.any(Number),
      loaded_fraction: null,
    },
  });
  tell({ loadedBytes: 250, totalBytes: 1000 });
  expect((await ask("GET", "/v1/admin/models")).body.models[0]).toMatchObject({ loaded_fraction: 0.25 });
  expect((await ask("GET", "/v1/models")).body.data[0]).toMatchObject({ status: "loading", loaded_fraction: 0.25 });
  const waiting = ask("POST", "/v1/admin/models/a/load?wait=true");
  open();
  expect(await waiting).toMatchObject({
    status: 200,
    body: { id: "a", status: "ready", context_length: 512, loading_ms: null, loaded_fraction: null },
  });
  expect((await ask("GET", "/v1/models/a")).body).not.toHaveProperty("loaded_fraction");
  expect(loader.loads).toBe(1);
  expect(pool.models()).toMatchObject([{ id: "a", leases: 0, expiresAt: expect.any(Number) }]);
  expect((await ask("GET", "/v1/admin/models")).body).toMatchObject({
    models: [
      { id: "a", status: "ready" },
      { id: "org/b", status: "downloaded" },
    ],
  });
  await pool.close();
});

it("unloads a model, but not under a request's feet", async () => {
  const { loader, pool, ask } = server();
  const lease = await pool.acquire("org/b");
  const path = "/v1/admin/models/org%2Fb/unload";
  expect(await ask("POST", path)).toMatchObject({ status: 409, body: { error: { code: "model_in_use" } } });
  expect(loader.open).toEqual(["org/b"]);
  lease.release();
  const both = await Promise.all([ask("POST", path), ask("POST", path)]);
  for (const one of both) expect(one).toMatchObject({ status: 200, body: { id: "org/b", status: "downloaded" } });
  expect(loader.open).toEqual([]);
  expect(loader.closes).toBe(1);
  expect(await ask("POST", path)).toMatchObject({ status: 200 });
});

it("tells why a model can't be loaded, and forgets it with unload", async () => {
  const { loader, ask } = server();
  loader.onLoad = async () => {
    throw new IzwiError("INVALID_MODEL_FILE", "The file is cut off.");
  };
  const failed = await ask("POST", "/v1/admin/models/a/load?wait=true");
  expect(failed.status).toBeGreaterThanOrEqual(400);
  expect((await ask("GET", "/v1/admin/models")).body.models[0]).toMatchObject({ id: "a", status: "error" });
  expect(await ask("POST", "/v1/admin/models/a/unload")).toMatchObject({ body: { status: "downloaded" } });
});

it("refuses what it doesn't know, and callers without the key", async () => {
  const { ask } = server();
  for (const action of ["load", "unload"]) {
    expect(await ask("POST", `/v1/admin/models/absent/${action}`)).toMatchObject({ status: 404 });
  }
  expect(await ask("POST", "/v1/admin/models/a/load?wait=maybe")).toMatchObject({ status: 400 });
  expect(await ask("GET", "/v1/admin/models/a/load")).toMatchObject({ status: 405 });
  expect(await server({ apiKey: "k" }).ask("POST", "/v1/admin/models/a/load")).toMatchObject({ status: 401 });
  const closed = createApp({ models: new ModelPool({ loader: new FakeLoader() }), processMetrics: false });
  expect((await closed.request("/v1/admin/models")).status).toBe(404);
});
