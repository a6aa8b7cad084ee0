import { readFileSync } from "node:fs";

/** This package's version, from its own package.json so that it is written in one place. */
export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return (manifest as { version: string }).version;
}
