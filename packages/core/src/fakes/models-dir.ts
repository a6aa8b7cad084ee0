import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { temporaryFolder } from "./temporary-folder.js";

/** A models directory with these files in it, each holding its own name. */
export function makeModelsDir(...files: string[]): string {
  const directory = temporaryFolder();
  for (const file of files) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), file);
  }
  return directory;
}
