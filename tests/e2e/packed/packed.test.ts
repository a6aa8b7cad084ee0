import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pack } from "../../../scripts/pack.mjs";
import { thisPlatform } from "../../../scripts/platforms.mjs";
import { npm } from "../../../scripts/process.mjs";
import { serveRegistry } from "./registry.js";

const execute = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "izwi-packed-"));
const app = join(folder, "app");
// Neither this repository nor a person's own models may help.
const env = { ...process.env, NODE_PATH: "", IZWI_MODELS_DIR: join(folder, "no-models"), HOME: folder, NO_COLOR: "1" };

/** Installs `izwi` from tarballs alone into an empty folder, with everything that it needs. */
beforeAll(async () => {
  const tarballs = join(folder, "tarballs");
  await pack(tarballs);
  for (const dependency of Object.keys(cliDependencies()).filter((name) => !name.startsWith("@izwi/"))) {
    await npm(["pack", packageFolder(dependency), "--ignore-scripts", "--pack-destination", tarballs], { quiet: true });
  }
  const registry = await serveRegistry(tarballs);
  mkdirSync(app);
  writeFileSync(join(app, "package.json"), `{"name":"app","private":true,"type":"module"}`);
  const flags = ["--registry", registry.url, "--cache", join(folder, "cache"), "--no-audit", "--no-fund"];
  const { code, output } = await npm(["install", "izwi", "@izwi/core", ...flags], { cwd: app, quiet: true });
  await registry.close();
  if (code !== 0) throw new Error(output);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function cliDependencies(): Record<string, string> {
  const manifest = readFileSync(new URL("../../../packages/cli/package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { dependencies: Record<string, string> }).dependencies;
}

/** Where a dependency of the CLI is installed here. */
function packageFolder(name: string): string {
  const require = createRequire(new URL("../../../packages/cli/package.json", import.meta.url));
  const searched = require.resolve.paths(name) ?? [];
  const found = searched.map((path) => join(path, name)).find((path) => existsSync(join(path, "package.json")));
  return found ?? dirname(require.resolve(name));
}

describe("the packed packages, installed in an empty folder", () => {
  it("bring this platform's addon, and no other's", () => {
    const installed = readdirSync(join(app, "node_modules", "@izwi")).sort();
    expect(installed).toEqual(["core", `core-${thisPlatform()!.name}`]);
  });

  it("hold neither sources nor tests, but types, licence and built-in model", () => {
    const core = join(app, "node_modules", "@izwi", "core");
    expect(readdirSync(core).sort()).toEqual(["LICENSE", "README.md", "assets", "dist", "package.json"]);
    const dist = readdirSync(join(core, "dist"), { recursive: true }).map(String);
    expect(dist).toContain("index.d.ts");
    expect(dist.filter((file) => /\.test\.|fakes|\.map$/.test(file))).toEqual([]);
    expect(existsSync(join(core, "assets", "izwi-tiny.gguf"))).toBe(true);
  });

  it("answer as a library", async () => {
    const source = `
      import { loadModel } from "@izwi/core";
      const model = await loadModel("builtin");
      let text = "";
      for await (const event of model.chat({ messages: [{ role: "user", content: "Hello!" }], temperature: 0 })) {
        if (event.type === "text-delta") text += event.text;
        if (event.type === "end") console.log(JSON.stringify({ text, ...event.usage, path: model.info.path }));
      }
      await model.close();`;
    writeFileSync(join(app, "main.mjs"), source);
    const { stdout } = await execute(process.execPath, ["main.mjs"], { cwd: app, env });
    const answer = JSON.parse(stdout) as { text: string; completionTokens: number; path: string };
    expect(answer.text.trim()).not.toBe("");
    expect(answer.completionTokens).toBeGreaterThan(0);
    expect(answer.path.startsWith(app)).toBe(true);
  });

  it("answer on the command line", async () => {
    const izwi = join(app, "node_modules", "izwi", "bin", "izwi.js");
    const running = execute(process.execPath, [izwi, "chat", "--prompt", "Hello!"], { cwd: app, env });
    // With a pipe for input, it would wait for more to answer.
    running.child.stdin?.end();
    const { stdout } = await running;
    expect(stdout.trim()).not.toBe("");
  });

  it("have the version that they say", async () => {
    const izwi = join(app, "node_modules", "izwi", "bin", "izwi.js");
    const { stdout } = await execute(process.execPath, [izwi, "--version"], { cwd: app, env });
    expect(stdout).toContain("0.1.0");
  });
});
