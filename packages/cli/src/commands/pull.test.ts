import { IzwiError, type PullProgress } from "@izwi/core";
import { describe, expect, it } from "vitest";
import { FakeWorld } from "../fakes/fake-world.js";

const name = "qwen3-chat-0.6b-4bit";
const download = (bytes: number): PullProgress => ({
  type: "download",
  bytes,
  totalBytes: 1000,
  resumedBytes: 0,
  bytesPerSecond: 100,
  etaMs: 5000,
});
const pull: PullProgress[] = [{ type: "resolve", name }, download(0), download(450), download(1000)];

describe("izwi pull", () => {
  it("says few lines where no terminal is, and nothing on standard output", async () => {
    const world = new FakeWorld({ pull });
    expect(await world.run("pull", name)).toBe(0);
    expect(world.stdout.text).toBe("");
    expect(world.stderr.text).toBe(
      `Downloading ${name} (1 kB)…\n${name} is downloaded and checked (397 MB). Chat with it: izwi chat -m ${name}\n`,
    );
    expect(world.core.pulls[0]?.options).toMatchObject({ force: false, reuse: true, frozen: false });
    expect(world.core.pulls[0]?.options).not.toHaveProperty("lockFile");
  });

  it("draws a bar on a terminal and takes it away", async () => {
    const world = new FakeWorld({ terminal: true, pull });
    expect(await world.run("pull", name)).toBe(0);
    expect(world.stderr.text).toContain("Asking for");
    expect(world.stderr.text).toContain("\r\u001b[Kqwen3-chat-0.6b-4bit is downloaded");
  });

  it("tells everything as JSON lines with --json, failures too", async () => {
    const world = new FakeWorld({ pull });
    expect(await world.run("download", name, "--json")).toBe(0);
    const lines = world.stdout.text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string });
    expect(lines.map(({ type }) => type)).toEqual(["resolve", "download", "download", "download", "done"]);
    expect(lines.at(-1)).toMatchObject({ model: name, path: `/models/${name}.gguf`, origin: "downloaded" });
    const failing = new FakeWorld({ pull: [new IzwiError("ACCESS_DENIED", "Accept the conditions.")] });
    expect(await failing.run("pull", name, "--json")).toBe(1);
    expect(JSON.parse(failing.stdout.text)).toMatchObject({ type: "error", code: "ACCESS_DENIED" });
    expect(failing.stderr.text).toContain("error: Accept the conditions.");
  });

  it("prints only the path with --output-format plain and --quiet", async () => {
    const world = new FakeWorld({ pull });
    await world.run("pull", name, "-q", "--output-format", "plain");
    expect(world.stdout.text).toBe(`/models/${name}.gguf\n`);
    expect(world.stderr.text).toBe("");
  });

  it("stops on Ctrl+C with 130, and says how far it was and how to go on", async () => {
    const world = new FakeWorld({ pull: [download(450), "wait"] });
    const ending = world.start("pull", name);
    await world.shows("Downloading");
    world.signals.emit("SIGINT");
    expect(await ending).toBe(130);
    expect(world.stderr.text).toContain(`Stopped at 45 %. To go on: izwi pull ${name}\n`);
    expect(world.stderr.text).not.toContain("error:");
  });

  it("fails with 1, and says how to go on where something has come", async () => {
    const dead = new IzwiError("DOWNLOAD_FAILED", "The line is dead.");
    const world = new FakeWorld({ pull: [download(450), dead] });
    expect(await world.run("pull", name, "-q")).toBe(1);
    expect(world.stderr.text).toBe(
      `error: The line is dead.\nWhat has come so far is kept. To go on: izwi pull ${name}\n`,
    );
    const nothing = new FakeWorld({ pull: [dead] });
    await nothing.run("pull", name);
    expect(nothing.stderr.text).toBe("error: The line is dead.\n");
  });

  it("tells of retries, of waiting for another process once, and of what was linked", async () => {
    const wait: PullProgress = { type: "wait", pid: 7, bytes: 1, totalBytes: 2 };
    const retry: PullProgress = { type: "retry", attempt: 1, retries: 8, delayMs: 10, reason: "It was cut." };
    const linked = { store: "Ollama", path: "/o", how: "hard link" } as const;
    const world = new FakeWorld({ pull: [wait, wait, retry], pulled: { origin: "linked", linked } });
    await world.run("pull", name);
    const lines = world.stderr.text.split("\n");
    expect(lines.filter((line) => line.includes("Process 7"))).toHaveLength(1);
    expect(lines).toContain(`${name}: It was cut. Trying again (1 of 8)…`);
    expect(world.stderr.text).toContain("Ollama had it (397 MB, hard link)");
  });

  it("hands its flags on", async () => {
    const world = new FakeWorld();
    await world.run("pull", name, "-f", "--no-reuse", "--lock", "--models-dir", "/m");
    const { options } = world.core.pulls[0]!;
    expect(options).toMatchObject({ force: true, reuse: false, modelsDir: "/m" });
    expect(options.lockFile).toMatch(/izwi\.lock$/);
    expect(options.env).toBe(world.env);
  });
});

describe("a model that is too large for the memory", () => {
  it("is asked about on a terminal", async () => {
    for (const [answer, pulls] of [
      ["n\n", 0],
      ["y\n", 1],
    ] as const) {
      const world = new FakeWorld({ terminal: true, memoryBytes: 1e9 });
      const ending = world.start("pull", "qwen3-4b");
      await world.shows("Download 2.5 GB all the same? [y/N]");
      world.type(answer);
      expect(await ending).toBe(answer === "y\n" ? 0 : 1);
      expect(world.core.pulls).toHaveLength(pulls);
    }
  });

  it("is downloaded with a warning where nobody can be asked, or with --yes", async () => {
    for (const world of [new FakeWorld({ memoryBytes: 1e9 }), new FakeWorld({ memoryBytes: 1e9, terminal: true })]) {
      expect(await world.run("pull", "qwen3-4b", "--yes")).toBe(0);
      expect(world.stderr.text).toContain("qwen3-4b-4bit needs 3.3 GB of memory, and there are 1.0 GB here.");
      expect(world.core.pulls).toHaveLength(1);
    }
  });
});

it("counts the KV cache in the type that is set", async () => {
  const world = new FakeWorld({ memoryBytes: 1e9, env: { IZWI_KV_CACHE_DTYPE: "q8_0" } });
  await world.run("pull", "qwen3-4b", "--yes");
  expect(world.stderr.text).toContain("qwen3-4b-4bit needs 3.0 GB of memory");
});

describe("--frozen", () => {
  it("without a name takes all that izwi.lock pins, and stops at the first failure", async () => {
    const world = new FakeWorld({ locked: ["a", "b"] });
    expect(await world.run("pull", "--frozen")).toBe(0);
    expect(world.core.pulls.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(world.core.pulls.every(({ options }) => options.frozen)).toBe(true);
    const failing = new FakeWorld({ locked: ["a", "b"], pull: [new IzwiError("CHECKSUM_MISMATCH", "Another file.")] });
    expect(await failing.run("pull", "--frozen")).toBe(1);
    expect(failing.core.pulls).toHaveLength(1);
  });

  it("needs something to take", async () => {
    const empty = new FakeWorld();
    expect(await empty.run("pull", "--frozen")).toBe(1);
    expect(empty.stderr.text).toMatch(/izwi\.lock pins no model/);
    const nothing = new FakeWorld();
    expect(await nothing.run("pull")).toBe(2);
    expect(nothing.stderr.text).toContain("Which model?");
  });
});
