import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

/** The chat page's files, as the web package built them; both the sources and what is built find them here. */
const FOLDER = fileURLToPath(new URL("../../dist/web/", import.meta.url));

const TYPES: Record<string, string> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
  webmanifest: "application/manifest+json",
};

/**
 * Scripts and styles are the page's own files, pictures too, and nothing is fetched or sent elsewhere. What an answer
 * says becomes elements by one way only: DOMPurify, whose name the browser is told.
 */
export const CHAT_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types dompurify",
].join("; ");

export interface PageFile {
  bytes: Uint8Array<ArrayBuffer>;
  /** The same, compressed: text gets a third as long. */
  gzipped: Uint8Array<ArrayBuffer>;
  type: string;
  /** The name has a hash of the content, so that it never changes. */
  immutable: boolean;
}

/** Finds the page's files by their path below `/chat/`. They are few and small, so that memory holds them. */
export class ChatPageFiles {
  readonly #folder: string;
  readonly #paths: ReadonlySet<string>;
  readonly #read = new Map<string, PageFile>();

  constructor(folder = FOLDER) {
    this.#folder = folder;
    this.#paths = new Set(filesIn(folder));
  }

  /** False where the web package wasn't built, as in a checkout that only runs the server's tests. */
  get exist(): boolean {
    return this.#paths.has("index.html");
  }

  get(path: string): PageFile | undefined {
    if (!this.#paths.has(path)) return undefined;
    const known = this.#read.get(path);
    if (known) return known;
    const bytes = new Uint8Array(readFileSync(join(this.#folder, path)));
    const file = {
      bytes,
      gzipped: new Uint8Array(gzipSync(bytes)),
      type: TYPES[path.split(".").at(-1)!] ?? "application/octet-stream",
      immutable: path.startsWith("assets/"),
    };
    this.#read.set(path, file);
    return file;
  }
}

/** Paths relative to the folder, with `/` on every system. */
function filesIn(folder: string): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)).replaceAll(sep, "/"));
}
