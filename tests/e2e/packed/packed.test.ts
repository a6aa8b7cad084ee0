import { execFile, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pack } from "../../../scripts/pack.mjs";
import { thisPlatform } from "../../../scripts/platforms.mjs";
import { npm } from "../../../scripts/process.mjs";
import { serveRegistry } from "./registry.js";

const execute = promisify(execFile);
const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "izwi-packed-"));
const app = join(folder, "app");
// Neither this repository nor a person's own models may help.
const env = { ...process.env, NODE_PATH: "", IZWI_MODELS_DIR: join(folder, "no-models"), HOME: folder, NO_COLOR: "1" };

/** Installs `izwi` from tarballs alone into an empty folder, with everything that it needs. */
beforeAll(async () => {
  const tarballs = join(folder, "tarballs");
  await pack(tarballs);
  await npm(["pack", ...foreignPackages(), "--ignore-scripts", "--pack-destination", tarballs], { quiet: true });
  const registry = await serveRegistry(tarballs);
  mkdirSync(app);
  writeFileSync(join(app, "package.json"), `{"name":"app","private":true,"type":"module"}`);
  const flags = ["--registry", registry.url, "--cache", join(folder, "cache"), "--no-audit", "--no-fund"];
  const { code, output } = await npm(["install", "izwi", "@izwi/core", ...flags], { cwd: app, quiet: true });
  await registry.close();
  if (code !== 0) throw new Error(output);
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The folders of everything that `izwi` needs and that isn't ours, and what that needs in turn. */
function foreignPackages(): string[] {
  const folders = new Set<string>();
  const ours = (name: string) => name.startsWith("@izwi/");
  const follow = (folder: string) => {
    const manifest = readManifest(folder);
    for (const name of Object.keys({ ...manifest.dependencies, ...requiredPeers(manifest) })) {
      const needed = packageFolder(name, folder);
      if (folders.has(needed)) continue;
      folders.add(needed);
      follow(needed);
    }
  };
  follow(join(REPOSITORY, "packages", "cli"));
  return [...folders].filter((folder) => !ours(readManifest(folder).name));
}

interface Manifest {
  name: string;
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
}

function requiredPeers({ peerDependencies = {}, peerDependenciesMeta = {} }: Manifest): Record<string, string> {
  return Object.fromEntries(Object.entries(peerDependencies).filter(([name]) => !peerDependenciesMeta[name]?.optional));
}

/** Where the package that `folder`'s code would get under this name is installed here. */
function packageFolder(name: string, folder: string): string {
  const searched = createRequire(join(folder, "package.json")).resolve.paths(name) ?? [];
  const found = searched.map((path) => join(path, name)).find((path) => existsSync(join(path, "package.json")));
  if (found === undefined) throw new Error(`${name}, which ${folder} needs, isn't installed.`);
  return realpathSync(found);
}

describe("the packed packages, installed in an empty folder", () => {
  it("bring this platform's addon, and no other's", () => {
    const installed = readdirSync(join(app, "node_modules", "@izwi")).sort();
    expect(installed.filter((name) => name.startsWith("core"))).toEqual(["core", `core-${thisPlatform()!.name}`]);
    expect(installed).toContain("server");
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

  it("answer over HTTP", async () => {
    const izwi = join(app, "node_modules", "izwi", "bin", "izwi.js");
    const child = spawn(process.execPath, [izwi, "serve", "--port", "0", "--log-format", "json"], { cwd: app, env });
    const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
    let log = "";
    const url = await new Promise<string>((resolve, reject) => {
      child.on("exit", () => reject(new Error(log)));
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        log += text;
        const listening = log.split("\n").find((line) => line.includes('"listening"') && line.endsWith("}"));
        if (listening !== undefined) resolve((JSON.parse(listening) as { url: string }).url);
      });
    });
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ messages: [{ role: "user", content: "Hello!" }] }),
    });
    const answer = (await response.json()) as { choices: { message: { content: string } }[] };
    expect(answer.choices[0]!.message.content).not.toBe("");
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
  });

  it("have the version that they say", async () => {
    const izwi = join(app, "node_modules", "izwi", "bin", "izwi.js");
    const { stdout } = await execute(process.execPath, [izwi, "--version"], { cwd: app, env });
    expect(stdout).toContain("0.1.0");
  });
});
