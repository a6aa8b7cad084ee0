import { builtinModules } from "node:module";
import { describe, expect, it } from "vitest";
import { FILES, filesEnding, withoutComments } from "./source-files.js";

const sources = filesEnding(".ts", ".tsx")
  .filter(({ path }) => /^packages\/[^/]+\/src\//.test(path) && !isTest(path))
  .map(({ path, text }) => ({ path, code: withoutComments(text) }));

function isTest(path: string): boolean {
  return path.endsWith(".test.ts") || path.includes("/fakes/");
}

/** The modules that a file imports, also for types and on demand. No module's name has a space, as texts have. */
function imports(code: string): string[] {
  const found = code.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\(\s*)["']([^"'\s()]+)["']/g);
  return [...found].map(([, name]) => name!);
}

const inPackage = (name: string) => sources.filter(({ path }) => path.startsWith(`packages/${name}/`));
const paths = (files: { path: string }[]) => files.map(({ path }) => path);

/** Each package with those of ours that it may be built on: the arrows of ARCHITECTURE.md. */
const ARROWS: Record<string, string[]> = {
  core: [],
  web: [],
  server: ["@izwi/core"],
  sdk: ["@izwi/core"],
  cli: ["@izwi/core", "@izwi/sdk", "@izwi/server"],
};
const existing = Object.keys(ARROWS).filter((name) =>
  FILES.some(({ path }) => path === `packages/${name}/package.json`),
);

/** What a package.json lets its package import; an optional peer dependency is the user's to install. */
function dependenciesOf(name: string): string[] {
  const manifest = FILES.find(({ path }) => path === `packages/${name}/package.json`)!;
  type Named = Record<string, string>;
  const { dependencies, peerDependencies } = JSON.parse(manifest.text) as {
    dependencies?: Named;
    peerDependencies?: Named;
  };
  return Object.keys({ ...dependencies, ...peerDependencies });
}

/** `hono/cors` is a part of `hono`, `@izwi/sdk/ai` of `@izwi/sdk`. */
function packageOf(module: string): string {
  return module.split("/", module.startsWith("@") ? 2 : 1).join("/");
}

describe("the packages", () => {
  it("are all known to these rules", () => {
    const folders = new Set(sources.map(({ path }) => path.split("/")[1]!));
    expect([...folders].filter((name) => !(name in ARROWS))).toEqual([]);
  });

  it.each(existing)("%s imports only what its package.json names", (name) => {
    const allowed = [...dependenciesOf(name), ...builtinModules.map((module) => `node:${module}`)];
    const files = inPackage(name);
    expect(files.length).toBeGreaterThan(0);
    for (const { path, code } of files) {
      const foreign = imports(code).filter(
        (module) => !module.startsWith(".") && !allowed.includes(module) && !allowed.includes(packageOf(module)),
      );
      expect(foreign, path).toEqual([]);
    }
  });

  it.each(existing)("%s is built on no package of ours but those below it", (name) => {
    const ours = dependenciesOf(name).filter((dependency) => dependency.startsWith("@izwi/") || dependency === "izwi");
    expect(ours.filter((dependency) => !ARROWS[name]!.includes(dependency))).toEqual([]);
  });

  it("of the chat page know the server by its public HTTP API alone, and speak to it in one place", () => {
    const web = inPackage("web");
    const ours = web.filter(({ code }) => imports(code).some((module) => /^(@izwi\/|izwi(\/|$)|node:)/.test(module)));
    expect(paths(ours)).toEqual([]);
    const outside =
      /\b(fetch|XMLHttpRequest|WebSocket|EventSource|WebTransport|sendBeacon)\b\s*\(|\bnew (XMLHttpRequest|WebSocket|EventSource)\b/;
    expect(paths(web.filter(({ code }) => outside.test(code)))).toEqual(["packages/web/src/api/http.ts"]);
    // Every address is a path of the page's own server, and one that the server's description names or serves.
    const addresses = web.flatMap(({ path, code }) =>
      [...code.matchAll(/["'`](\/(?:v1\/|tokenize|apply-template|livez)[^"'`?$]*)/g)].map(([, address]) => ({
        path,
        address,
      })),
    );
    expect(addresses.filter(({ path }) => !path.startsWith("packages/web/src/api/"))).toEqual([
      { path: "packages/web/src/state/connection.ts", address: "/livez" },
    ]);
    const served = inPackage("server")
      .map(({ code }) => code)
      .join("\n");
    expect(addresses.filter(({ address }) => !served.includes(`"${address}`))).toEqual([]);
    expect(addresses.length).toBeGreaterThan(5);
  });

  it("speak OpenAI's wire format in few places", () => {
    const words = /\b(finish_reason|tool_calls|tool_call_id|reasoning_content|top_logprobs|max_completion_tokens)\b/;
    const speakers = paths(sources.filter(({ code }) => words.test(code)));
    // The server's side of the wire, the chat page's, and that of a client that talks to other servers. A chat template, written in a
    // language of its own, has some of the same words.
    const places =
      /^packages\/(server\/src\/openai\/|web\/src\/api\/|sdk\/src\/backends\/remote|sdk\/src\/testing\/tiny-template)/;
    expect(speakers.filter((path) => !places.test(path))).toEqual([]);
    expect(speakers.filter((path) => path.startsWith("packages/server/")).length).toBeGreaterThan(0);
  });

  it("load the server only when it is wanted, so that the command line starts fast", () => {
    const eager = inPackage("cli").filter(({ code }) => /^import (?!type )[^;]*from "(@izwi\/|smol-toml)/m.test(code));
    expect(paths(eager)).toEqual([]);
  });

  it("reach the native addon through one file", () => {
    const loaders = sources.filter(({ code }) => /\.node["'`]/.test(code) || /createRequire/.test(code));
    expect(paths(loaders)).toEqual(["packages/core/src/native.ts", "packages/core/src/package-root.ts"]);
    const addonFiles = sources.filter(({ code }) => /\.node["'`]/.test(code));
    expect(paths(addonFiles)).toEqual(["packages/core/src/native.ts"]);
  });

  it("stay inside their own folders", () => {
    for (const { path, code } of sources) {
      const up = imports(code).filter((module) => module.startsWith(".") && leavesPackage(path, module));
      expect(up, path).toEqual([]);
    }
  });

  it("write to the terminal in one place: the CLI's printer", () => {
    const writers = sources.filter(({ code }) => /\bconsole\.\w+\(|\bprocess\.std(out|err)\.write\(/.test(code));
    expect(paths(writers).filter((path) => path !== "packages/cli/src/printer.ts")).toEqual([]);
  });
});

function leavesPackage(path: string, module: string): boolean {
  const folder = new URL(`file:///${path}`);
  const target = new URL(module, folder).pathname.slice(1);
  return !target.startsWith(`${path.split("/").slice(0, 3).join("/")}/`);
}
