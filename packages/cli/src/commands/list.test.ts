import { CATALOG } from "@izwi/core";
import { expect, it } from "vitest";
import { FakeWorld } from "../fakes/fake-world.js";

const installed = ["qwen3-chat-0.6b-4bit", "a"];
const lines = (world: FakeWorld) => world.stdout.text.trimEnd().split("\n");

it("lists what is installed, the built-in model, and what can be pulled, with what fits", async () => {
  const world = new FakeWorld({ installed, memoryBytes: 8e9 });
  expect(await world.run("list")).toBe(0);
  const [header, first, , builtin, ...rest] = lines(world);
  expect(header).toMatch(/^NAME\s+SIZE\s+STATUS\s+MEMORY$/);
  expect(first).toMatch(/^qwen3-chat-0\.6b-4bit\s+397 MB\s+installed\s+597 MB, fits$/);
  expect(builtin).toMatch(/^izwi-tiny\s+\d+ MB\s+built-in\s/);
  expect(rest).toHaveLength(CATALOG.length - 1);
  expect(rest[0]).toMatch(/^qwen3-0\.6b-8bit\s+639 MB\s+can be pulled\s+1\.3 GB, fits$/);
  expect(rest.at(-1)).toMatch(/^qwen3-32b-4bit\s+19\.8 GB\s+can be pulled\s+21\.0 GB, too large$/);
  expect(world.stderr.text).toBe("");
});

it("counts the KV cache in the type that is set", async () => {
  const memoryOf = async (env: Record<string, string>, ...args: string[]) => {
    const world = new FakeWorld({ env, memoryBytes: 8e9 });
    expect(await world.run(...args, "--json")).toBe(0);
    const found = JSON.parse(world.stdout.text);
    const models = Array.isArray(found) ? found : (found.models ?? [found]);
    return models.find(({ id }: { id: string }) => id === "qwen3-4b-4bit").memoryBytes;
  };
  for (const args of [["list"], ["show", "qwen3-4b-4bit"], ["doctor"]]) {
    const saved = (await memoryOf({}, ...args)) - (await memoryOf({ IZWI_KV_CACHE_DTYPE: "q8_0" }, ...args));
    expect(saved, args[0]).toBe((147_456 * 4096 * 15) / 32);
  }
});

it("--local leaves out what isn't here; --detailed adds licence and place", async () => {
  const world = new FakeWorld({ installed });
  await world.run("ls", "-l");
  expect(lines(world).map((line) => line.split(" ")[0])).toEqual(["NAME", ...installed, "izwi-tiny"]);
  const detailed = new FakeWorld({ installed });
  await detailed.run("list", "-d");
  expect(lines(detailed)[0]).toMatch(/LICENCE\s+FILE$/);
  expect(detailed.stdout.text).toContain("/models/a.gguf");
  expect(detailed.stdout.text).toMatch(/Apache-2\.0\s+Qwen\/Qwen3-4B-GGUF\/Qwen3-4B-Q4_K_M\.gguf/);
});

it("shows how far interrupted pulls are", async () => {
  const partials = [{ id: "qwen3-4b-4bit", path: "/models/q.gguf", bytes: 1e9, totalBytes: 2_497_280_256 }];
  const world = new FakeWorld({ partials });
  await world.run("list");
  expect(world.stdout.text).toMatch(/^qwen3-4b-4bit\s+2\.5 GB\s+40 % there/m);
  expect(lines(world)).toHaveLength(1 + 1 + CATALOG.length);
});

it("says where models go when there are none", async () => {
  const world = new FakeWorld();
  expect(await world.run("list", "--models-dir", "/m")).toBe(0);
  expect(world.stderr.text).toBe("No model is installed in /m. Get one with: izwi pull NAME\n");
});

it("prints JSON and names, the same as models list", async () => {
  const json = new FakeWorld({ installed });
  await json.run("models", "list", "--json");
  expect(JSON.parse(json.stdout.text).slice(0, 4)).toMatchObject([
    { id: "qwen3-chat-0.6b-4bit", bytes: 396_705_472, builtin: false, status: "downloaded" },
    { id: "a" },
    { id: "izwi-tiny", builtin: true },
    { id: "qwen3-0.6b-8bit", status: "not_downloaded", fitsInMemory: true, license: "Apache-2.0" },
  ]);
  const plain = new FakeWorld({ installed });
  await plain.run("list", "-l", "--output-format", "plain");
  expect(plain.stdout.text).toBe("qwen3-chat-0.6b-4bit\na\nizwi-tiny\n");
});
