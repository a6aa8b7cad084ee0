import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGE_NAME = "@izwi/core";

let root: string | undefined;

/**
 * The folder of this package, which also holds the built-in model and a native build made here. Found by its
 * package.json above this file; by module resolution when a bundler has moved the code somewhere else.
 */
export function packageRoot(): string {
  root ??= rootAbove(dirname(fileURLToPath(import.meta.url))) ?? rootByResolution();
  return root;
}

function rootAbove(start: string): string | undefined {
  for (let folder = start, up = dirname(start); ; folder = up, up = dirname(up)) {
    if (packageName(folder) === PACKAGE_NAME) return folder;
    if (up === folder) return undefined;
  }
}

function packageName(folder: string): unknown {
  try {
    return (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { name?: unknown }).name;
  } catch {
    return undefined;
  }
}

function rootByResolution(): string {
  return dirname(createRequire(import.meta.url).resolve(`${PACKAGE_NAME}/package.json`));
}

/** The folder of an installed package that this one may use, or undefined where it was left out. */
export function optionalPackageRoot(name: string): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}
