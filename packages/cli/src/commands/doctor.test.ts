import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { CATALOG, IzwiError } from "@izwi/core";
import { expect, it, onTestFinished } from "vitest";
import { FakeWorld } from "../fakes/fake-world.js";
import type { FakeWorldOptions } from "../fakes/fake-world.js";
import { checkNode } from "../machine/checks.js";
import { cpuFeatures } from "../machine/cpu-features.js";
import { predictedSpeed } from "../machine/prediction.js";

async function doctor(options: FakeWorldOptions = {}) {
  const world = new FakeWorld(options);
  world.env["IZWI_MODELS_DIR"] ??= world.env["XDG_STATE_HOME"]!;
  const code = await world.run("doctor", "--json");
  const { ok, checks, machine, models } = JSON.parse(world.stdout.text);
  const named = (name: string) => checks.filter((check: { name: string }) => check.name === name);
  return { code, ok, machine, models, named };
}

it("tells what the machine can do, and how fast each model would be", async () => {
  const { ok, machine, models, named } = await doctor({ memoryBytes: 8e9 });
  expect(ok).toBe(true);
  expect(named("engine")).toMatchObject([{ status: "ok", detail: expect.stringMatching(/^cpu avx2, 2 threads/) }]);
  expect(machine.bandwidthBytesPerSecond).toBe(20e9);
  expect(models).toHaveLength(CATALOG.length);
  expect(models[0]).toMatchObject({ id: "qwen3-chat-0.6b-4bit", fits: true });
  expect(models.at(-1)).toMatchObject({ id: "qwen3-32b-4bit", fits: false });
  expect(models[0].tokensPerSecond).toBeGreaterThan(models.at(-1).tokensPerSecond * 10);
});

it("says how to mend what is wrong", async () => {
  const loadError = new IzwiError("ADDON_UNAVAILABLE", "There is no native addon for linux x64 (musl): neither…");
  const config = '[server]\nport = "no"\n[odd]\nx = 1\n';
  const env = { IZWI_THREADS: "x", IZWI_TIMEOUT: "soon", IZWI_MODELS_DIR: "/proc/nothing/models" };
  const { code, ok, named } = await doctor({ loadError, config, env });
  expect([code, ok]).toEqual([1, false]);
  expect(named("engine")).toMatchObject([{ status: "problem", fix: expect.stringContaining("--omit=optional") }]);
  expect(named("settings")).toMatchObject([
    { status: "problem", detail: expect.stringContaining("server.port in"), fix: "Mend it: izwi config edit" },
    { status: "problem", fix: "Set IZWI_TIMEOUT right, or unset it." },
    { status: "warning", detail: expect.stringContaining("there is no setting odd.x") },
  ]);
});

it("works where the configuration file can't be read, and shows text", async () => {
  const world = new FakeWorld({ config: "[server\n", env: { IZWI_ISA: "scalar" } });
  expect(await world.run("doctor")).toBe(1);
  expect(world.stdout.text).toMatch(/^PROBLEM {2}settings +The configuration file .* isn't valid TOML/m);
  expect(world.stdout.text).toMatch(/^WARNING {2}engine .*IZWI_ISA=scalar limits it$/m);
  expect(world.stdout.text).toMatch(/→ Unset IZWI_ISA/);
  expect(world.stdout.text).toMatch(/^MODEL +DOWNLOAD +MEMORY +FITS +TOKENS\/S$/m);
});

it("finds a port that another program has", async () => {
  const other = createServer((socket) => socket.end("no HTTP\n"));
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void other.close());
  const { port } = other.address() as AddressInfo;
  const { named } = await doctor({ env: { IZWI_PORT: String(port) } });
  expect(named("port")).toMatchObject([{ status: "warning", detail: `another program has port ${port}` }]);
});

it("knows the oldest Node.js, and the processor's names", () => {
  expect(["20.3.1", "18.20.0"].map((version) => checkNode(version).status)).toEqual(["problem", "problem"]);
  expect(["20.4.0", "26.0.0"].map((version) => checkNode(version).status)).toEqual(["ok", "ok"]);
  expect(cpuFeatures("/does/not/exist")).toEqual([]);
});

it("predicts nothing where memory can't be measured", async () => {
  const world = new FakeWorld();
  world.core.memoryBandwidth = async () => undefined;
  await world.run("doctor", "--json");
  const { machine, models } = JSON.parse(world.stdout.text);
  expect(machine.bandwidthBytesPerSecond).toBe(null);
  expect(models[0]).toMatchObject({ id: "qwen3-chat-0.6b-4bit", fits: true, tokensPerSecond: null });
});

it("predicts by what a token reads", () => {
  const dense = { id: "qwen3-30b-4bit", bytes: 18e9, kvBytesPerToken: 0 };
  expect(predictedSpeed(dense, 30e9)).toBeCloseTo(1);
  expect(predictedSpeed({ ...dense, id: "qwen3-30b-a3b-4bit" }, 30e9)).toBeCloseTo(10);
});
