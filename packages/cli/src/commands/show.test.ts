import { IzwiError } from "@izwi/core";
import { expect, it } from "vitest";
import { FakeWorld } from "../fakes/fake-world.js";

it("tells all about a model of the catalogue that isn't installed", async () => {
  const world = new FakeWorld();
  expect(await world.run("show", "qwen3-4b")).toBe(0);
  const { text } = world.stdout;
  expect(text).toMatch(/^id +qwen3-4b-4bit$/m);
  expect(text).toMatch(/^status +not installed: izwi pull qwen3-4b-4bit$/m);
  expect(text).toMatch(/^memory +3\.3 GB for 4096 tokens, fits$/m);
  expect(text).toMatch(/^licence +Apache-2\.0$/m);
  expect(text).toMatch(/^sha256 +7485fe6f/m);
  expect(world.core.loaded).toEqual([]);
});

it("asks an installed one for what it says of itself", async () => {
  for (const command of [["show"], ["models", "info"], ["model", "info"]]) {
    const world = new FakeWorld({ installed: ["mine"] });
    expect(await world.run(...command, "mine", "--json")).toBe(0);
    expect(JSON.parse(world.stdout.text)).toMatchObject({
      id: "mine",
      status: "downloaded",
      architecture: "qwen3",
      quantization: "Q8_0",
      trainedContextLength: 2048,
      path: "/models/mine.gguf",
    });
    expect(world.core.model.closed).toBe(true);
  }
});

it("tells about a file that can't be loaded all the same, and checks it", async () => {
  const loadError = new IzwiError("UNSUPPORTED_MODEL", "Its architecture is llama.");
  const world = new FakeWorld({ installed: ["mine"], loadError });
  expect(await world.run("show", "mine", "--verify")).toBe(0);
  expect(world.stderr.text).toBe("It can't be loaded: Its architecture is llama.\n");
  expect(world.stdout.text).toMatch(/^checked +as the pull says$/m);
});

it("tells how much of a model is there", async () => {
  const partials = [{ id: "qwen3-4b-4bit", path: "/models/q.gguf", bytes: 1e9, totalBytes: 2_497_280_256 }];
  const world = new FakeWorld({ partials });
  await world.run("show", "qwen3-4b");
  expect(world.stdout.text).toMatch(/^size +1\.0 GB of 2\.5 GB$/m);
});

it("fails for what nobody knows", async () => {
  const world = new FakeWorld();
  expect(await world.run("show", "nope")).toBe(1);
  expect(world.stderr.text).toMatch(/^error: No model is called "nope"/);
});
