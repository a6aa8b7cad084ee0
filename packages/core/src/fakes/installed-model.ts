import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeRecord, type InstallRecord } from "../store/install-record.js";

/** Puts a file into a models directory as a pull would have. */
export async function installModel(
  modelsDir: string,
  file: string,
  record: Partial<InstallRecord> = {},
): Promise<string> {
  const path = join(modelsDir, file);
  const content = `GGUF ${file}`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  const sha256 = createHash("sha256").update(content).digest("hex");
  const bytes = Buffer.byteLength(content);
  const full = { key: "hf:org/model", source: "https://hub/org/model", file: "a.gguf", bytes, sha256, ...record };
  await writeRecord(path, full, path);
  return path;
}
