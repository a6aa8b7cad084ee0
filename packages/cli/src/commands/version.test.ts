import { IzwiError } from "@izwi/core";
import { expect, it } from "vitest";
import { FakeWorld } from "../fakes/fake-world.js";
import { packageVersion } from "../package-info.js";

it("prints the version", async () => {
  const world = new FakeWorld();
  expect(await world.run("version")).toBe(0);
  expect(world.stdout.text).toBe(`izwi ${packageVersion()}\n`);
  expect(world.core.loaded).toEqual([]);
});

it("--full adds the machine and what computes", async () => {
  const world = new FakeWorld();
  expect(await world.run("version", "--full", "--output-format", "json")).toBe(0);
  expect(JSON.parse(world.stdout.text)).toMatchObject({
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    engine: "cpu avx2, 2 threads",
    models: "/models",
  });
  expect(world.core.model.closed).toBe(true);
});

it("--full says why the engine can't be used", async () => {
  const world = new FakeWorld({ loadError: new IzwiError("ADDON_UNAVAILABLE", "The addon is missing.") });
  expect(await world.run("version", "--full")).toBe(0);
  expect(world.stdout.text).toContain("engine can't be used: The addon is missing.\n");
});
