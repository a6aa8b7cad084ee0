import { expect, it } from "vitest";
import { FakeWorld } from "../fakes/fake-world.js";

const installed = ["qwen3-chat-0.6b-4bit", "a"];

it("lists what is installed, and the built-in model", async () => {
  const world = new FakeWorld({ installed });
  expect(await world.run("list")).toBe(0);
  const lines = world.stdout.text.trimEnd().split("\n");
  expect(lines[0]).toMatch(/^NAME\s+SIZE\s+FILE$/);
  expect(lines[1]).toMatch(/^qwen3-chat-0\.6b-4bit\s+397 MB\s+\/models\/qwen3-chat-0\.6b-4bit\.gguf$/);
  expect(lines[3]).toMatch(/^izwi-tiny\s+\d+ MB\s+built-in$/);
  expect(world.stderr.text).toBe("");
});

it("says where models go when there are none", async () => {
  const world = new FakeWorld();
  expect(await world.run("list", "--models-dir", "/m")).toBe(0);
  expect(world.stderr.text).toBe("No model is installed in /m; put .gguf files there.\n");
});

it("prints JSON and names", async () => {
  const json = new FakeWorld({ installed });
  await json.run("list", "--json");
  expect(JSON.parse(json.stdout.text)).toMatchObject([
    { id: "qwen3-chat-0.6b-4bit", bytes: 396_705_472, builtin: false },
    { id: "a" },
    { id: "izwi-tiny", builtin: true },
  ]);
  const plain = new FakeWorld({ installed });
  await plain.run("list", "--output-format", "plain");
  expect(plain.stdout.text).toBe("qwen3-chat-0.6b-4bit\na\nizwi-tiny\n");
});
