import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A models directory with these files in it, each holding its own name. */
export function makeModelsDir(...files: string[]): string {
  const directory = mkdtempSync(join(tmpdir(), "izwi-models-"));
  for (const file of files) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), file);
  }
  return directory;
}
