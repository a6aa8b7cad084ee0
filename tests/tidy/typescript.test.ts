import { builtinModules } from "node:module";
import { describe, expect, it } from "vitest";
import { FILES, filesEnding, withoutComments } from "./source-files.js";

const sources = filesEnding(".ts")
  .filter(({ path }) => /^packages\/[^/]+\/src\//.test(path) && !isTest(path))
  .map(({ path, text }) => ({ path, code: withoutComments(text) }));

function isTest(path: string): boolean {
  return path.endsWith(".test.ts") || path.includes("/fakes/");
}

/** The modules that a file imports, also for types and on demand. */
function imports(code: string): string[] {
  const found = code.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\(\s*)["']([^"']+)["']/g);
  return [...found].map(([, name]) => name!);
}

const inPackage = (name: string) => sources.filter(({ path }) => path.startsWith(`packages/${name}/`));
const paths = (files: { path: string }[]) => files.map(({ path }) => path);

describe("the packages", () => {
  it.each(["core", "cli"])("%s imports only what its package.json names", (name) => {
    const manifest = FILES.find(({ path }) => path === `packages/${name}/package.json`)!;
    const { dependencies = {} } = JSON.parse(manifest.text) as { dependencies?: Record<string, string> };
    const allowed = [...Object.keys(dependencies), ...builtinModules.map((module) => `node:${module}`)];
    const files = inPackage(name);
    expect(files.length).toBeGreaterThan(0);
    for (const { path, code } of files) {
      const foreign = imports(code).filter((module) => !module.startsWith(".") && !allowed.includes(module));
      expect(foreign, path).toEqual([]);
    }
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
