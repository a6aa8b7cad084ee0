import { expect, it } from "vitest";
import { FakeWorld } from "../fakes/fake-world.js";

const installed = ["a", "b"];

it("asks, and takes no for an answer unless it is a yes", async () => {
  for (const [answer, removed, code] of [
    ["\n", [], 1],
    ["no\n", [], 1],
    ["Yes\n", ["a", "b"], 0],
  ] as const) {
    const world = new FakeWorld({ installed, terminal: true });
    const ending = world.start("rm", "a", "b");
    await world.shows("Delete a, b? [y/N]");
    world.type(answer);
    expect(await ending).toBe(code);
    expect(world.core.removed).toEqual(removed);
  }
});

it("can be interrupted while it asks", async () => {
  const world = new FakeWorld({ installed, terminal: true });
  const ending = world.start("rm", "a");
  await world.shows("[y/N]");
  world.signals.emit("SIGINT");
  expect(await ending).toBe(130);
  expect(world.core.removed).toEqual([]);
});

it("deletes without asking with --yes, and says so", async () => {
  const world = new FakeWorld({ installed });
  expect(await world.run("remove", "a", "-y")).toBe(0);
  expect(world.stderr.text).toBe("a is deleted. 397 MB are free.\n");
  const json = new FakeWorld({ installed });
  await json.run("rm", "a", "-y", "--output-format", "json");
  expect(JSON.parse(json.stdout.text)).toMatchObject({ id: "a", freedBytes: 396_705_472 });
});

it("needs --yes where nobody can be asked, and a model", async () => {
  const world = new FakeWorld({ installed });
  expect(await world.run("rm", "a")).toBe(2);
  expect(world.stderr.text).toContain("give --yes");
  expect(await new FakeWorld().run("rm")).toBe(2);
});

it("deletes the others when one isn't there, and fails", async () => {
  const world = new FakeWorld({ installed });
  expect(await world.run("rm", "-y", "absent", "b")).toBe(1);
  expect(world.core.removed).toEqual(["b"]);
  expect(world.stderr.text).toContain(`error: No model is called "absent"`);
});
