import { IzwiError } from "@izwi/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeLoader } from "./fakes/fake-loader.js";
import { silentLogger } from "./logger.js";
import { ModelPool, type ModelPoolOptions } from "./model-pool.js";

const GB = 1e9;
/** Room for about two models of 3 GB. */
const memory = { totalBytes: () => 8 * GB, availableBytes: () => 8 * GB };

function makePool(loader = new FakeLoader(), options: ModelPoolOptions = {}) {
  return { loader, pool: new ModelPool({ loader, memory, ...options }) };
}

/** A gate that loads wait at. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("loading", () => {
  it("loads a model once for all who ask at the same time", async () => {
    const { loader, pool } = makePool();
    const { opened, open } = gate();
    loader.onLoad = () => opened;
    const asking = [pool.acquire("a"), pool.acquire("a"), pool.acquire("a")];
    await vi.advanceTimersByTimeAsync(0);
    expect(pool.models()).toMatchObject([{ id: "a", status: "loading", leases: 3 }]);
    open();
    const leases = await Promise.all(asking);
    expect(loader.loads).toBe(1);
    expect(new Set(leases.map(({ model }) => model)).size).toBe(1);
    expect(pool.models()).toMatchObject([{ id: "a", status: "ready", leases: 3 }]);
    expect(await pool.list()).toEqual([
      { id: "a", created: 1_700_000_000, builtin: false, bytes: 1000, status: "ready", contextLength: 512 },
      { id: "b", created: 1_700_000_000, builtin: false, bytes: 1000, status: "downloaded" },
      { id: "c", created: 1_700_000_000, builtin: false, bytes: 1000, status: "downloaded" },
    ]);
  });

  it("shows a failed load for a while, and tries again with the next request", async () => {
    const { loader, pool } = makePool();
    loader.onLoad = async () => {
      throw new IzwiError("INVALID_MODEL_FILE", "The file is cut off.");
    };
    const failures = await Promise.allSettled([pool.acquire("a"), pool.acquire("a")]);
    expect(failures.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(loader.loads).toBe(1);
    expect(pool.models()).toMatchObject([{ id: "a", status: "error", leases: 0, error: "The file is cut off." }]);
    expect((await pool.list())[0]).toMatchObject({ id: "a", status: "error" });

    loader.onLoad = async () => {};
    const lease = await pool.acquire("a");
    expect(pool.models()).toMatchObject([{ status: "ready" }]);
    lease.release();

    await expect(pool.acquire("absent")).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
  });

  it("forgets a failure in time", async () => {
    const { loader, pool } = makePool();
    loader.onLoad = async () => {
      throw new Error("no");
    };
    await expect(pool.acquire("a")).rejects.toMatchObject({ code: "INTERNAL" });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(pool.models()).toEqual([]);
    expect((await pool.list())[0]!.status).toBe("downloaded");
  });

  it("lets a waiting request leave, and keeps the model for the next one", async () => {
    const { loader, pool } = makePool();
    const { opened, open } = gate();
    loader.onLoad = () => opened;
    const controller = new AbortController();
    const asking = pool.acquire("a", controller.signal);
    await vi.advanceTimersByTimeAsync(0);
    controller.abort(new Error("gone"));
    await expect(asking).rejects.toMatchObject({ code: "ABORTED", cause: new Error("gone") });
    open();
    await vi.advanceTimersByTimeAsync(0);
    expect(pool.models()).toMatchObject([{ id: "a", status: "ready", leases: 0 }]);
    await vi.advanceTimersByTimeAsync(5 * 60_000);
    expect(loader.open).toEqual([]);
    await expect(pool.acquire("a", AbortSignal.abort())).rejects.toMatchObject({ code: "ABORTED" });
  });
});

describe("names", () => {
  it("takes paths from the owner, and names alone from requests", async () => {
    const { pool } = makePool(new FakeLoader({ a: {}, b: {}, "my-own": {} }));
    await expect(pool.acquire("/elsewhere/my-own")).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
    await pool.configure(["/elsewhere/my-own"]);
    for (const name of ["my-own", "My Own", "/elsewhere/my-own", undefined]) {
      const lease = await pool.acquire(name);
      expect(lease.id).toBe("my-own");
      lease.release();
    }
    expect((await pool.list()).map(({ id }) => id)).toEqual(["a", "b", "my-own", "my-own"]);
  });

  it("answers with the chosen default model, else the first configured, else the loader's", async () => {
    const idOf = async (pool: ModelPool) => (await pool.acquire(undefined)).id;
    expect(await idOf(makePool().pool)).toBe("a");
    const { pool } = makePool();
    await pool.configure(["c", "b"]);
    expect(await idOf(pool)).toBe("c");
    expect(await idOf(makePool(undefined, { defaultModel: "/elsewhere/b" }).pool)).toBe("b");
  });
});

describe("keep-alive", () => {
  it("begins when the last lease is given back", async () => {
    const { loader, pool } = makePool(undefined, { keepAliveMs: 1000 });
    const [one, two] = [await pool.acquire("a"), await pool.acquire("a")];
    one.release();
    one.release();
    await vi.advanceTimersByTimeAsync(5000);
    expect(loader.open).toEqual(["a"]);
    two.release();
    expect(pool.models()).toMatchObject([{ leases: 0, expiresAt: Date.now() + 1000 }]);
    await vi.advanceTimersByTimeAsync(999);
    expect(loader.open).toEqual(["a"]);
    (await pool.acquire("a")).release();
    await vi.advanceTimersByTimeAsync(999);
    expect(loader.open).toEqual(["a"]);
    await vi.advanceTimersByTimeAsync(1);
    expect(loader.open).toEqual([]);
    expect(loader.loads).toBe(1);
  });

  it.each([
    [0, []],
    [Infinity, ["a"]],
  ])("of %d keeps %j", async (keepAliveMs, open) => {
    const { loader, pool } = makePool(undefined, { keepAliveMs });
    (await pool.acquire("a")).release();
    await vi.advanceTimersByTimeAsync(2 ** 31);
    expect(loader.open).toEqual(open);
  });

  it("lets a request wait for an unload before it loads again", async () => {
    const { loader, pool } = makePool(undefined, { keepAliveMs: 0 });
    (await pool.acquire("a")).release();
    expect((await pool.acquire("a")).model).toBe(loader.loaded[1]);
    expect(loader.loaded.map(({ closed }) => closed)).toEqual([true, false]);
  });
});

describe("memory", () => {
  const large = () => new FakeLoader({ a: { bytes: 3 * GB }, b: { bytes: 3 * GB }, c: { bytes: 3 * GB } });

  it("unloads the least recently used model that nobody uses", async () => {
    const { loader, pool } = makePool(large());
    const a = await pool.acquire("a");
    await vi.advanceTimersByTimeAsync(1);
    const b = await pool.acquire("b");
    b.release();
    await vi.advanceTimersByTimeAsync(1);
    a.release();
    (await pool.acquire("c")).release();
    expect(loader.open).toEqual(["a", "c"]);
  });

  it("unloads no more than two loads at the same time need", async () => {
    const files = { a: { bytes: 3 * GB }, b: { bytes: 3 * GB }, d: { bytes: 1 * GB }, e: { bytes: 1 * GB } };
    const { loader, pool } = makePool(new FakeLoader(files));
    for (const name of ["a", "b"]) {
      (await pool.acquire(name)).release();
      await vi.advanceTimersByTimeAsync(1);
    }
    loader.onClose = () => new Promise((resolve) => setTimeout(resolve, 50));
    const both = Promise.all([pool.acquire("d"), pool.acquire("e")]);
    await vi.advanceTimersByTimeAsync(100);
    await both;
    expect(loader.open).toEqual(["b", "d", "e"]);
  });

  it("refuses a model for which nothing can be unloaded, and says with which numbers", async () => {
    const { loader, pool } = makePool(large());
    const held = [await pool.acquire("a"), await pool.acquire("b")];
    await expect(pool.acquire("c")).rejects.toMatchObject({
      code: "OUT_OF_MEMORY",
      message: expect.stringMatching(/^There is no room for c, which needs about 3\.8 GB: .* 8\.0 GB/),
    });
    held[0]!.release();
    expect((await pool.acquire("c")).id).toBe("c");
    expect(loader.open).toEqual(["b", "c"]);
  });

  it("refuses a model that is larger than the machine, and loads one alone whatever else runs there", async () => {
    const busy = { totalBytes: () => 8 * GB, availableBytes: () => 1 * GB };
    const { pool } = makePool(new FakeLoader({ a: { bytes: 3 * GB }, huge: { bytes: 20 * GB } }), { memory: busy });
    await expect(pool.acquire("huge")).rejects.toMatchObject({ code: "OUT_OF_MEMORY" });
    expect((await pool.acquire("a")).id).toBe("a");
  });

  it("counts the KV cache once it is known", async () => {
    const { loader, pool } = makePool(new FakeLoader({ a: { bytes: 3 * GB, kvCacheBytes: 3 * GB }, b: { bytes: GB } }));
    (await pool.acquire("a")).release();
    (await pool.acquire("b")).release();
    expect(loader.open).toEqual(["b"]);
  });

  it("says in the log that a context is short for want of memory", async () => {
    const warn = vi.fn();
    const { pool } = makePool(new FakeLoader({ a: { contextShortened: true }, b: {} }), {
      log: { ...silentLogger, warn },
    });
    for (const name of ["a", "b"]) (await pool.acquire(name)).release();
    const fields = { model: "a", contextLength: 512, trainedContextLength: 512 };
    expect(warn.mock.calls).toEqual([["model.context-shortened", fields]]);
  });

  it("makes room when the engine finds that the estimate was too low", async () => {
    const { loader, pool } = makePool();
    (await pool.acquire("a")).release();
    loader.onLoad = async () => {
      if (loader.open.length > 0) throw new IzwiError("OUT_OF_MEMORY", "the KV cache");
    };
    expect((await pool.acquire("b")).id).toBe("b");
    expect(loader.open).toEqual(["b"]);
  });
});

describe("close", () => {
  it("waits for the last lease, hands out no more, and unloads everything", async () => {
    const { loader, pool } = makePool();
    const lease = await pool.acquire("a");
    (await pool.acquire("b")).release();
    let closed = false;
    const closing = pool.close().then(() => (closed = true));
    await expect(pool.acquire("a")).rejects.toMatchObject({ code: "CLOSED" });
    await vi.advanceTimersByTimeAsync(60_000);
    expect({ closed, open: loader.open }).toEqual({ closed: false, open: ["a", "b"] });
    lease.release();
    await closing;
    expect(loader.open).toEqual([]);
    await pool.close();
  });

  it("waits for a load that runs", async () => {
    const { loader, pool } = makePool();
    const { opened, open } = gate();
    loader.onLoad = () => opened;
    const controller = new AbortController();
    const asking = pool.acquire("a", controller.signal).catch(() => undefined);
    await vi.advanceTimersByTimeAsync(0);
    controller.abort();
    await asking;
    const closing = pool.close();
    open();
    await closing;
    expect(loader.loaded).toMatchObject([{ closed: true }]);
  });
});
