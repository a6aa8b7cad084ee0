/** The lines that a person typed before, for the arrow keys: in memory, and in a private file between runs. */
import { appendFileSync, chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import type { Environment } from "../sources.js";

const maxEntries = 1000;
const maxFileBytes = 256 * 1024;
/** A longer one is a pasted document, nothing to page through. */
const maxEntryLength = 4096;

/** The platform's place for state that is worth keeping but nobody edits. */
export function historyFile(env: Environment, platform: NodeJS.Platform = process.platform, home = homedir()): string {
  return path.join(stateDirectory(env, platform, home), "izwi", "chat_history");
}

function stateDirectory(env: Environment, platform: NodeJS.Platform, home: string): string {
  if (platform === "win32") return env["LOCALAPPDATA"] || path.join(home, "AppData", "Local");
  if (platform === "darwin") return path.join(home, "Library", "Application Support");
  const state = env["XDG_STATE_HOME"] ?? "";
  // The XDG specification has relative paths ignored.
  return path.isAbsolute(state) ? state : path.join(home, ".local", "state");
}

export class InputHistory {
  /** Newest first, as readline wants it. */
  #entries: string[] = [];
  readonly #file: string | undefined;
  #writable = true;

  /** Without a file, nothing is read or kept. A file that can't be read or written is no reason to stop a chat. */
  constructor(file?: string) {
    this.#file = file;
    if (file !== undefined) this.#load(file);
  }

  get entries(): readonly string[] {
    return this.#entries;
  }

  /** A message of several lines is kept as one line: readline edits single lines only. */
  add(text: string): void {
    const entry = text.replace(/\s*\n\s*/g, " ").trim();
    if (entry === "" || entry.length > maxEntryLength || entry === this.#entries[0]) return;
    this.#entries = [entry, ...this.#entries.filter((other) => other !== entry)].slice(0, maxEntries);
    this.#write((file) => appendFileSync(file, `${entry}\n`, { mode: 0o600 }));
  }

  #load(file: string): void {
    let text: string;
    try {
      text = readFileSync(file, "utf8");
    } catch {
      return;
    }
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    this.#entries = [...new Set(lines.toReversed())].slice(0, maxEntries);
    // Each run only appends; the rewriting that drops duplicates and old entries waits until it is worth it.
    if (lines.length > 2 * maxEntries || text.length > maxFileBytes) this.#compact();
  }

  #compact(): void {
    let bytes = 0;
    const kept = this.#entries.filter((entry) => (bytes += Buffer.byteLength(entry) + 1) <= maxFileBytes / 2);
    this.#entries = kept;
    this.#write((file) => {
      // A rename is whole or not at all: a crash can't leave half a history.
      const temporary = `${file}.${process.pid}`;
      writeFileSync(temporary, `${kept.toReversed().join("\n")}\n`, { mode: 0o600 });
      renameSync(temporary, file);
    });
  }

  #write(action: (file: string) => void): void {
    if (this.#file === undefined || !this.#writable) return;
    try {
      mkdirSync(path.dirname(this.#file), { recursive: true, mode: 0o700 });
      action(this.#file);
      chmodSync(this.#file, 0o600);
    } catch {
      this.#writable = false;
    }
  }
}
