import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtinModelPath } from "@izwi/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { cleanEnvironment, greedy, izwi, shell, type Outcome, type RunOptions } from "../cli/program.js";
import { hasTerminal, keys, Terminal } from "../cli/terminal.js";
import { Hub, modelFile, sha256 } from "./hub.js";

const name = "hf:org/tiny-GGUF:Q8_0";
/** A real model, small enough for a test. */
const model = readFileSync(builtinModelPath());

interface Person {
  hub: Hub;
  env: Record<string, string>;
  home: string;
  modelsDir: string;
  run: (args: string[], options?: RunOptions) => Promise<Outcome>;
}

/** Somebody with a hub, an empty home and the command. */
async function person(content: Buffer = model): Promise<Person> {
  const hub = await Hub.start();
  hub.publish("org/tiny-GGUF", { "tiny-Q8_0.gguf": content });
  const home = mkdtempSync(join(tmpdir(), "izwi-pull-cli-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const modelsDir = join(home, "models");
  const env = { ...hub.env(home), IZWI_MODELS_DIR: modelsDir, NO_PROXY: "*" };
  return { hub, env, home, modelsDir, run: (args, options = {}) => izwi(args, { ...options, env }) };
}

describe("izwi pull, list, show, rm", () => {
  it("bring a model that then chats, tell about it, and delete it", async () => {
    const { run, modelsDir } = await person();
    const pulled = await run(["pull", name]);
    expect(pulled).toMatchObject({ code: 0, stdout: "" });
    expect(pulled.stderr).toMatch(
      /^Downloading .*\(2 MB\)…\norg--tiny-GGUF is downloaded and checked \(2 MB\)\. Chat with/,
    );
    for (const asked of [name, "org--tiny-GGUF"]) {
      const chat = await run(["chat", "-m", asked, "-p", "Hello", ...greedy, "--json"]);
      expect(chat).toMatchObject({ code: 0, stderr: "" });
      expect(JSON.parse(chat.stdout)).toMatchObject({ content: expect.stringMatching(/\S/) });
    }
    expect((await run(["list", "-l"])).stdout).toMatch(/^org--tiny-GGUF +2 MB +installed/m);
    const shown = JSON.parse((await run(["show", name, "--verify", "--json"])).stdout) as Record<string, unknown>;
    expect(shown).toMatchObject({
      architecture: "qwen3",
      repository: "org/tiny-GGUF",
      sha256: sha256(model),
      verified: "as the pull says",
    });
    expect((await run(["pull", name])).stderr).toMatch(/is there already/);
    expect((await run(["rm", name, "-y"])).code).toBe(0);
    expect(existsSync(join(modelsDir, "org--tiny-GGUF"))).toBe(false);
    expect((await run(["chat", "-m", name, "-p", "Hello"])).stderr).toContain(`Get it with: izwi pull ${name}`);
  });

  it("tells programs everything as JSON lines", async () => {
    const { run } = await person(modelFile(3000));
    const { stdout, code } = await run(["pull", name, "--json"]);
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string });
    expect(lines.at(-1)).toMatchObject({ type: "done", origin: "downloaded", bytes: 3000 });
    expect(lines).toContainEqual(expect.objectContaining({ type: "download", bytes: 3000, totalBytes: 3000 }));
    expect(code).toBe(0);
  });

  it.each([
    [["pull", "hf:org/absent"], 1, /doesn't exist/],
    [["pull", "qwen3-0.5b"], 1, /Did you mean/],
    [["pull", "hf:../.."], 1, /names no model/],
    [["pull"], 2, /Which model/],
    [["pull", "--frozen", "qwen3-4b"], 1, /doesn't pin qwen3-4b-4bit/],
    [["rm", "absent", "-y"], 1, /No model called "absent" is installed/],
    [["rm", "absent"], 2, /give --yes/],
    [["show", "absent"], 1, /No model is called/],
  ])("%j fails with %i", async (args, code, message) => {
    const { run } = await person();
    const outcome = await run(args);
    expect(outcome.stderr).toMatch(message);
    expect(outcome).toMatchObject({ code, stdout: "" });
  });

  it("stops on Ctrl+C with 130, and the next pull goes on", async () => {
    const content = modelFile(60_000);
    const { run, hub } = await person(content);
    hub.storage.fault = () => ({ pauseMs: 20 });
    let interrupted = false;
    const stopped = await run(["pull", name, "--json"], {
      onOutput: (stdout, child) => {
        if (interrupted || !/"bytes":[1-9]/.test(stdout)) return;
        interrupted = true;
        child.kill("SIGINT");
      },
    });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toMatch(new RegExp(`^Stopped at \\d+ %\\. To go on: izwi pull ${name}\n$`));
    hub.storage.fault = () => undefined;
    const { stdout, code } = await run(["pull", name, "--json"]);
    expect(stdout).toMatch(/"resumedBytes":[1-9]/);
    expect(code).toBe(0);
  });

  it("pins with --lock, keeps the file up to date, and takes from it with --frozen", async () => {
    const { env, hub, home } = await person(modelFile(3000));
    const project = join(home, "project");
    const inProject = (args: string) => izwiIn(project, args, env);
    await inProject(`pull --lock ${name}`);
    const lock = JSON.parse(readFileSync(join(project, "izwi.lock"), "utf8")) as { models: Record<string, unknown> };
    expect(lock.models[name]).toMatchObject({ revision: hub.commitOf("org/tiny-GGUF"), bytes: 3000 });
    rmSync(join(home, "models"), { recursive: true });
    hub.publish("org/tiny-GGUF", { "tiny-Q8_0.gguf": modelFile(4000) });
    // The hub has it under its old commit no more, so a frozen pull must fail rather than take another.
    expect(await inProject("pull --frozen")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("has no revision"),
    });
    expect((await inProject(`pull ${name}`)).code).toBe(0);
    expect(readFileSync(join(project, "izwi.lock"), "utf8")).toContain(hub.commitOf("org/tiny-GGUF"));
    expect((await inProject("pull --frozen")).code).toBe(0);
  });
});

describe.skipIf(!hasTerminal)("izwi pull in a terminal (made by util-linux's script)", () => {
  it("draws a bar with rate and rest, leaves one line, and stops on Ctrl+C", async () => {
    const { env, hub } = await person(modelFile(60_000));
    hub.storage.fault = () => ({ pauseMs: 20 });
    const stopped = new Terminal(["pull", name], cleanEnvironment(env));
    onTestFinished(() => stopped.kill());
    await stopped.shows("░");
    await stopped.shows(" left");
    stopped.type(keys.ctrlC);
    expect(await stopped.exit).toBe(130);
    expect(stopped.text).toMatch(/Stopped at \d+ %\. To go on: izwi pull/);
    hub.storage.fault = () => undefined;
    const done = new Terminal(["pull", name], cleanEnvironment(env));
    onTestFinished(() => done.kill());
    expect(await done.exit).toBe(0);
    expect(done.text).toMatch(/is downloaded and checked/);
  });

  it("asks before it deletes", async () => {
    const { env, run, modelsDir } = await person(modelFile(3000));
    await run(["pull", name]);
    for (const [answer, code] of [
      ["n", 1],
      ["y", 0],
    ] as const) {
      const screen = new Terminal(["rm", "org--tiny-GGUF"], cleanEnvironment(env));
      onTestFinished(() => screen.kill());
      await screen.shows("Delete org--tiny-GGUF? [y/N]");
      screen.type(`${answer}${keys.enter}`);
      expect(await screen.exit).toBe(code);
      expect(existsSync(join(modelsDir, "org--tiny-GGUF"))).toBe(code === 1);
    }
  });
});

/** Runs the command in a folder. */
function izwiIn(folder: string, args: string, env: Record<string, string>): Promise<Outcome> {
  return shell(`mkdir -p '${folder}' && cd '${folder}' && $izwi ${args}`, { env });
}
