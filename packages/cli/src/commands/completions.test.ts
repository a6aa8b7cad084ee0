import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { FakeWorld } from "../fakes/fake-world.js";
import { scripts, shells } from "../completion/scripts.js";

async function tab(...words: string[]): Promise<{ kind: string; values: string[] }> {
  const world = new FakeWorld({ installed: ["qwen3-4b"] });
  expect(await world.run("__complete", ...words)).toBe(0);
  expect(world.stderr.text).toBe("");
  const [kind = "", ...lines] = world.stdout.text.trimEnd().split("\n");
  return { kind, values: lines.map((line) => line.split("\t")[0]!) };
}

describe("at a Tab", () => {
  it.each([
    [["ch"], { kind: "none", values: ["chat"] }],
    [["models", "l"], { kind: "none", values: ["list", "load"] }],
    [["model", "un"], { kind: "none", values: ["unload"] }],
    [["chat", "--temp"], { kind: "none", values: ["--temperature"] }],
    [["chat", "--model", "q"], { kind: "files", values: ["qwen3-4b"] }],
    [["chat", "-m", ""], { kind: "files", values: ["qwen3-4b", "izwi-tiny"] }],
    [["chat", "--model=q"], { kind: "files", values: ["--model=qwen3-4b"] }],
    [["chat", "--model", "=", "q"], { kind: "files", values: ["qwen3-4b"] }],
    [["chat", "--backend", "="], { kind: "none", values: ["auto", "cpu", "candle", "metal", "cuda"] }],
    [["-q", "--config", "chat", "list", "--output-format", "y"], { kind: "none", values: ["yaml"] }],
    [["--config", ""], { kind: "files", values: [] }],
    [["--models-dir", "/m"], { kind: "folders", values: [] }],
    [["pull", "qwen3-4"], { kind: "none", values: ["qwen3-4b-4bit"] }],
    [["rm", "x", "q"], { kind: "files", values: ["qwen3-4b"] }],
    [["show", "x", "q"], { kind: "none", values: [] }],
    [["config", "get", "server.p"], { kind: "none", values: ["server.port"] }],
    [["completions", "f"], { kind: "none", values: ["fish"] }],
    [["--new-word", "models", "info"], { kind: "files", values: ["qwen3-4b", "izwi-tiny"] }],
    [["chat", "--nonsense", "x", ""], { kind: "none", values: [] }],
  ])("%j", async (words, expected) => {
    expect(await tab(...words)).toMatchObject(expected);
  });

  it("offers all commands, with what they do", async () => {
    const world = new FakeWorld();
    await world.run("__complete", "");
    expect(world.stdout.text).toMatch(/^chat\tchat in the terminal/m);
    expect(world.stdout.text.split("\n").length).toBeGreaterThan(10);
  });
});

it.each(shells)("prints the script for %s", async (shell) => {
  const world = new FakeWorld();
  expect(await world.run("completions", shell)).toBe(0);
  expect(world.stdout.text).toBe(scripts[shell]);
  const wrong = new FakeWorld();
  expect(await wrong.run("completions", "tcsh")).toBe(2);
});

const has = (shell: string) => {
  try {
    execFileSync(shell, ["-c", "exit 0"]);
    return true;
  } catch {
    return false;
  }
};

for (const shell of ["bash", "zsh", "fish"] as const) {
  it.runIf(has(shell))(`the script for ${shell} is one that it can read`, () => {
    const folder = mkdtempSync(join(tmpdir(), "izwi-completions-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    // In a file, because fish checks no standard input.
    const file = join(folder, "script");
    writeFileSync(file, scripts[shell]);
    expect(() => execFileSync(shell, ["-n", file])).not.toThrow();
  });
}

it.runIf(has("bash"))("bash gets what the program answers", () => {
  const program = `izwi() { [[ $1 == __complete ]] && printf 'files\\nqwen3-4b\\tlarge\\n%s\\n' "$#:$4"; }`;
  const ask = `COMP_WORDS=(izwi chat -m ""); COMP_CWORD=3; cd /; _izwi; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const script = [program, scripts.bash, ask].join("\n");
  const lines = execFileSync("bash", ["-c", script], { encoding: "utf8" }).split("\n");
  expect(lines.slice(0, 2)).toEqual(["qwen3-4b", "4:"]);
  expect(lines).toContain("tmp");
});
