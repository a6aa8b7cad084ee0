import { readFileSync } from "node:fs";

/** This package's version, read from its own package.json so that it is written in one place. */
export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return (manifest as { version: string }).version;
}

/** The model that `izwi chat` asks for when nobody names one. */
export const defaultModelName = "qwen3-chat-0.6b-4bit";

/** The default model's file. */
export const defaultModelFile = "Qwen3-0.6B-Q4_K_M.gguf";
