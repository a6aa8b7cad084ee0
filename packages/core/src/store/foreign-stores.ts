import { readdir, readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { hashFile } from "./checksum.js";
import { hubSettings, type Environment } from "./hub/hub-settings.js";

/** A file of another program, or of ours, that may be the one that is wanted. */
export interface Candidate {
  path: string;
  /** Whose it is, for the person. */
  store: "the models directory" | "the hub's cache" | "Ollama" | "LM Studio" | "llama.cpp";
}

/** What is searched for. Files that are too small or too large aren't opened. */
export interface WantedFile {
  sha256: string;
  bytes: number;
}

export interface SearchOptions {
  modelsDir: string;
  env?: Environment | undefined;
  home?: string | undefined;
  signal?: AbortSignal | undefined;
  /** A candidate is being read: how far. */
  onBytes?: ((candidate: Candidate, bytes: number) => void) | undefined;
}

/**
 * A file with exactly this content that another program has on this machine. Those that store files by their hash are
 * asked first. Each one is read to its end before it counts: a name is no proof.
 */
export async function findCopy(wanted: WantedFile, options: SearchOptions): Promise<Candidate | undefined> {
  const { signal, onBytes } = options;
  for await (const candidate of candidates(wanted, options)) {
    const found = await stat(candidate.path).catch(() => undefined);
    if (!found?.isFile() || found.size !== wanted.bytes) continue;
    const report = onBytes && ((bytes: number) => onBytes(candidate, bytes));
    // Another program's file may be unreadable for us, or go while we read it.
    const hash = await hashFile(candidate.path, { signal, onBytes: report }).catch((error: unknown) => {
      if (signal?.aborted) throw error;
      return undefined;
    });
    if (hash === wanted.sha256) return candidate;
  }
  return undefined;
}

async function* candidates(wanted: WantedFile, options: SearchOptions): AsyncGenerator<Candidate> {
  const { modelsDir, env = process.env, home = homedir() } = options;
  const hub = hubSettings(env, home).cache;
  for (const repository of await names(hub)) {
    if (repository.startsWith("models--")) {
      yield { path: join(hub, repository, "blobs", wanted.sha256), store: "the hub's cache" };
    }
  }
  for (const folder of ollamaFolders(env, home)) {
    yield { path: join(folder, "blobs", `sha256-${wanted.sha256}`), store: "Ollama" };
  }
  for await (const path of ggufFiles(modelsDir, 1)) yield { path, store: "the models directory" };
  for (const folder of await lmStudioFolders(home)) {
    for await (const path of ggufFiles(folder, 3)) yield { path, store: "LM Studio" };
  }
  for (const folder of llamaFolders(env, home)) {
    for await (const path of ggufFiles(folder, 1)) yield { path, store: "llama.cpp" };
  }
}

/** A person's own, and where the system's service keeps them. */
function ollamaFolders(env: Environment, home: string): string[] {
  const own = env["OLLAMA_MODELS"]?.trim() || join(home, ".ollama", "models");
  return [own, "/usr/share/ollama/.ollama/models", "/var/lib/ollama/models"];
}

async function lmStudioFolders(home: string): Promise<string[]> {
  // This file tells where a person has moved the rest to.
  const pointer = (await readFile(join(home, ".lmstudio-home-pointer"), "utf8").catch(() => "")).trim();
  const homes = [...(pointer === "" ? [] : [pointer]), join(home, ".lmstudio"), join(home, ".cache", "lm-studio")];
  return [...new Set(homes)].map((folder) => join(folder, "models"));
}

function llamaFolders(env: Environment, home: string): string[] {
  const cache = env["XDG_CACHE_HOME"]?.trim() || join(home, ".cache");
  const set = env["LLAMA_CACHE"]?.trim();
  return set ? [set] : [join(cache, "llama.cpp"), join(home, "Library", "Caches", "llama.cpp")];
}

/** GGUF files in a folder and up to so many levels below it. */
async function* ggufFiles(folder: string, levels: number): AsyncGenerator<string> {
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && levels > 0) yield* ggufFiles(path, levels - 1);
    else if (/\.gguf$/i.test(entry.name)) yield path;
  }
}

async function names(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).sort();
}
