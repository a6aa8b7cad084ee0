import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SKIPPED = new Set(["node_modules", "target", "dist", "native", "checkpoints", "__pycache__", "runs"]);
const TEXT = new Set([
  "",
  ".cu",
  ".json",
  ".jsonl",
  ".md",
  ".mjs",
  ".js",
  ".metal",
  ".py",
  ".rs",
  ".toml",
  ".ts",
  ".tsx",
  ".yml",
]);

/** A text file of the repository; `path` is relative to its root, with `/`. */
export interface SourceFile {
  path: string;
  text: string;
}

/** Every text file that belongs to the repository, in order of path. */
export const FILES: readonly SourceFile[] = walk("").sort((a, b) => (a.path < b.path ? -1 : 1));

/** The files with one of these endings. */
export function filesEnding(...endings: string[]): SourceFile[] {
  return FILES.filter(({ path }) => endings.some((ending) => path.endsWith(ending)));
}

/** Rust or TypeScript without its comments, so that a rule may be explained where it's kept. */
export function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|[^:"'`])\/\/.*$/gm, "$1");
}

function walk(folder: string): SourceFile[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder ? `${folder}/${entry.name}` : entry.name;
    if (entry.isDirectory()) {
      return SKIPPED.has(entry.name) || (entry.name.startsWith(".") && entry.name !== ".ci") ? [] : walk(path);
    }
    const isText = entry.isFile() && TEXT.has(extname(entry.name)) && entry.name !== "package-lock.json";
    return isText ? [{ path, text: readFileSync(join(ROOT, path), "utf8") }] : [];
  });
}
