import { tmpdir } from "node:os";
import { IzwiError } from "@izwi/core";
import { describe, expect, it, vi } from "vitest";
import { FakeWorld } from "../fakes/fake-world.js";
import type { FakeWorldOptions } from "../fakes/fake-world.js";

/** Starts `izwi serve` and waits until it runs. */
async function serving(argv: string[], options: FakeWorldOptions = {}, prepare: (world: FakeWorld) => void = () => {}) {
  const world = new FakeWorld(options);
  prepare(world);
  const done = world.start("serve", ...argv);
  await vi.waitFor(() => expect(world.server.started).toHaveLength(1), { timeout: 4000 });
  return { world, done };
}

describe("izwi serve", () => {
  it("hands its settings to the server, and says where it answers", async () => {
    const argv = ["-p", "9000", "-m", "a", "--keep-alive", "1m", "--cors", "--timeout", "5", "--threads", "2"];
    const { world, done } = await serving(argv, { env: { IZWI_MODELS_DIR: "/m" } });
    expect(world.server.started[0]).toMatchObject({
      port: 9000,
      preload: ["a"],
      keepAliveMs: 60_000,
      corsOrigins: "*",
      timeoutMs: 5000,
      maxConcurrent: 100,
      load: { modelsDir: "/m", threads: 2, maxRunning: 8 },
    });
    await world.shows("Izwi answers at http://127.0.0.1:9000");
    world.signals.emit("SIGINT");
    expect(await done).toBe(0);
    expect(world.stderr.text).toContain("Stopped.");
    expect(world.stdout.text).toBe("");
  });

  it.each(["SIGINT", "SIGTERM"] as const)(
    "lets running answers finish at %s, and leaves at the second",
    async (name) => {
      const { world, done } = await serving([], {}, (world) => (world.server.active = 2));
      world.signals.emit(name);
      expect(await done).toBe(0);
      expect(world.stderr.text).toContain("Finishing 2 requests; Ctrl+C again stops at once.");
      expect(world.server.closes).toEqual([30_000]);
      expect(world.signals.exits).toEqual([]);
    },
  );

  it("shows a key that was made, also to those who read its log", async () => {
    const { world, done } = await serving(["--host", "0.0.0.0"]);
    await world.shows("requests need this API key: izwi-made-key");
    world.signals.emit("SIGTERM");
    await done;

    const json = await serving(["--host", "0.0.0.0", "--log-format", "json"]);
    json.world.signals.emit("SIGTERM");
    await json.done;
    const lines = json.world.stderr.text.trim().split("\n");
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { event: "listening", url: "http://0.0.0.0:8080", api_key: "izwi-made-key" },
    ]);
  });

  it("doesn't repeat a key that was given", async () => {
    const { world, done } = await serving(["--host", "0.0.0.0"], { env: { IZWI_API_KEY: "very-secret" } });
    expect(world.server.started[0]).toMatchObject({ apiKey: "very-secret" });
    world.signals.emit("SIGTERM");
    await done;
    expect(world.stderr.text).not.toContain("very-secret");
  });

  it("opens the chat page where that is wanted", async () => {
    const { world, done } = await serving(["--mode", "web"]);
    await world.shows("http://127.0.0.1:8080/chat");
    expect(world.opened).toEqual(["http://127.0.0.1:8080/chat"]);
    world.signals.emit("SIGTERM");
    await done;
  });

  it("says that there is no page to open where pages are switched off", async () => {
    const { world, done } = await serving(["--mode", "web", "--no-ui"]);
    await world.shows("--no-ui");
    expect(world.opened).toEqual([]);
    world.signals.emit("SIGTERM");
    await done;
  });

  it("fails with the reason when it can't start", async () => {
    const world = new FakeWorld();
    world.server.failure = new Error("Port 8080 is in use already.");
    expect(await world.run("serve")).toBe(1);
    expect(world.stderr.text).toContain("error: Port 8080 is in use already.");

    const unknown = new FakeWorld();
    unknown.server.failure = new IzwiError("MODEL_NOT_FOUND", "There is no file /models.");
    expect(await unknown.run("serve", "-m", tmpdir())).toBe(1);
    expect(unknown.stderr.text).toContain("A folder of models goes to --models-dir");
  });

  it("fails when a model of the command line can't be loaded", async () => {
    const world = new FakeWorld();
    world.server.loadFailure = new IzwiError("INVALID_MODEL_FILE", "The file is cut off.");
    expect(await world.run("serve", "-m", "broken.gguf")).toBe(1);
    expect(world.stderr.text).toContain("error: The file is cut off.");
    expect(world.server.closes).toEqual([0]);
  });

  it("refuses a setting that makes no sense before anything starts", async () => {
    const world = new FakeWorld({ env: { IZWI_PORT: "eighty" } });
    expect(await world.run("serve")).toBe(2);
    expect(world.stderr.text).toContain("IZWI_PORT must be a whole number");
    expect(world.server.started).toEqual([]);
  });
});
