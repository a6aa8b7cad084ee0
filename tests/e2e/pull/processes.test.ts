import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { removeModel, type PulledModel, type PullProgress } from "@izwi/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { Hub, modelFile, sha256 } from "./hub.js";
import { Place, quick } from "./pulling.js";

const content = modelFile(40_000);
const name = "hf:org/model/a.gguf";

async function published(): Promise<[Hub, Place]> {
  const hub = await Hub.start();
  hub.publish("org/model", { "a.gguf": content });
  return [hub, new Place()];
}

/** Pulls in a process of its own, which tells what it does line by line. */
const PROGRAM = `
  import { pullModel } from "@izwi/core";
  const say = (line) => process.stdout.write(JSON.stringify(line) + "\\n");
  const { name, ...options } = JSON.parse(process.argv[1]);
  say(await pullModel(name, { ...options, onProgress: say }));
`;

interface Puller {
  child: ChildProcess;
  lines: (PullProgress | PulledModel)[];
  /** How it ended: the last line, and the signal. */
  ended: Promise<{ pulled: PulledModel | undefined; signal: NodeJS.Signals | null; stderr: string }>;
}

function startPull(
  hub: Hub,
  place: Place,
  onLine: (line: PullProgress, child: ChildProcess) => void = () => {},
): Puller {
  const options = { name, modelsDir: place.modelsDir, env: hub.env(place.home), tuning: quick };
  const args = ["--input-type=module", "-e", PROGRAM, JSON.stringify(options)];
  const child = spawn(process.execPath, args, { cwd: import.meta.dirname, env: { PATH: process.env["PATH"] } });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines: Puller["lines"] = [];
  createInterface(child.stdout!).on("line", (text) => {
    const line = JSON.parse(text) as PullProgress;
    lines.push(line);
    onLine(line, child);
  });
  let stderr = "";
  child.stderr!.on("data", (text: Buffer) => (stderr += text.toString()));
  const ended = new Promise<Awaited<Puller["ended"]>>((resolve) => {
    child.on("close", (_, signal) => {
      const last = lines.at(-1);
      resolve({ pulled: last !== undefined && "origin" in last ? last : undefined, signal, stderr });
    });
  });
  return { child, lines, ended };
}

describe("a process that is killed while it downloads", () => {
  it("leaves what the next pull goes on with, at once", async () => {
    const [hub, place] = await published();
    hub.storage.fault = () => ({ pauseMs: 15 });
    const killed = startPull(hub, place, (line, child) => {
      if (line.type === "download" && line.bytes >= 12_000) child.kill("SIGKILL");
    });
    expect((await killed.ended).signal).toBe("SIGKILL");
    expect(place.files().filter((file) => !file.endsWith(".tmp"))).toEqual(
      ["a.gguf.lock", "a.gguf.part", "a.gguf.part.json"].map((file) => `org--model/${file}`),
    );
    hub.storage.fault = () => undefined;
    const { path } = await place.pull(hub, name);
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(place.kinds()).not.toContain("wait");
    const begin = place.progress.find((event) => event.type === "download");
    expect(begin?.type === "download" && begin.resumedBytes).toBeGreaterThanOrEqual(11_000);
  });

  it("may be killed again and again, at any moment", async () => {
    const [hub, place] = await published();
    hub.storage.fault = () => ({ pauseMs: 2 });
    for (const bytes of [0, 9000, 39_000]) {
      const killed = startPull(hub, place, (line, child) => {
        if (line.type === "download" && line.bytes >= bytes) child.kill("SIGKILL");
      });
      await killed.ended;
    }
    const { sha256: hash } = await place.pull(hub, name);
    expect(hash).toBe(sha256(content));
    expect(place.files().filter((file) => !file.endsWith(".tmp"))).toEqual([
      "org--model/a.gguf",
      "org--model/a.gguf.izwi.json",
    ]);
  });
});

describe("several pulls of one model at once", () => {
  it("download it once; the others wait, say for whom, and find it", async () => {
    const [hub, place] = await published();
    hub.storage.fault = () => ({ pauseMs: 40 });
    const pulls = [startPull(hub, place), startPull(hub, place), startPull(hub, place)];
    const results = await Promise.all(pulls.map(({ ended }) => ended));
    expect(results.map(({ stderr }) => stderr)).toEqual(["", "", ""]);
    expect(results.map(({ pulled }) => pulled?.origin).sort()).toEqual(["downloaded", "installed", "installed"]);
    expect(hub.storage.seen).toHaveLength(10);
    const waits = pulls.flatMap(({ lines }) => lines.filter((line) => "type" in line && line.type === "wait"));
    const winner = pulls.find(({ lines }) => (lines.at(-1) as PulledModel).origin === "downloaded")!;
    expect(waits).toContainEqual(expect.objectContaining({ pid: winner.child.pid, totalBytes: 40_000 }));
  });

  it("in one process do the same", async () => {
    const [hub, place] = await published();
    const pulled = await Promise.all([1, 2, 3].map(() => place.pull(hub, name)));
    expect(pulled.map(({ origin }) => origin).sort()).toEqual(["downloaded", "installed", "installed"]);
  });

  it("one whose lock was taken over puts nothing in place", async () => {
    const [hub, place] = await published();
    const lock = join(place.modelsDir, "org--model", "a.gguf.lock");
    const another = JSON.stringify({ pid: process.pid, host: "elsewhere", token: "another's" });
    const pulling = place.pull(hub, name, {
      onProgress: (event) => event.type === "verify" && writeFileSync(lock, another),
    });
    await expect(pulling).rejects.toMatchObject({ code: "MODEL_BUSY" });
    expect(place.files()).not.toContain("org--model/a.gguf");
    expect(readFileSync(lock, "utf8")).toBe(another);
  });

  it("a model that is being pulled isn't removed", async () => {
    const [hub, place] = await published();
    hub.storage.fault = () => ({ pauseMs: 20 });
    const removals: Promise<unknown>[] = [];
    const pull = startPull(hub, place, (line) => {
      if (line.type !== "download" || removals.length > 0) return;
      removals.push(removeModel("org--model", { modelsDir: place.modelsDir }).catch((error: unknown) => error));
    });
    await pull.ended;
    expect(await removals[0]).toMatchObject({ code: "MODEL_BUSY" });
    const removed = await removeModel(name, { modelsDir: place.modelsDir });
    expect(removed).toMatchObject({ freedBytes: 40_000 });
    expect(place.files().filter((file) => !file.endsWith(".tmp"))).toEqual([]);
  });
});
