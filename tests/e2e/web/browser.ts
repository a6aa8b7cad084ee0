/** A real Chromium without a window, for the tests of the chat page. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium, type Browser } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
const PLACES = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** The browser's program, or in words why there is none: then the tests are skipped by that name. */
export function browserProgram(): { program: string } | { missing: string } {
  const found = find() ?? (install() ? find() : undefined);
  if (found) return { program: found };
  const missing = "no Chromium or Chrome is installed (IZWI_CHROMIUM may name one)";
  // On a build server this is a failure and no reason to skip.
  if (process.env["CI"]) throw new Error(missing);
  return { missing };
}

/** For the title of tests, which is where a person looks who wonders. */
export function whySkipped(found: ReturnType<typeof browserProgram>): string {
  return "missing" in found ? ` (skipped: ${found.missing})` : "";
}

function find(): string | undefined {
  const named = process.env["IZWI_CHROMIUM"];
  if (named) return named;
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const onPath = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...onPath, ...PLACES].find((path) => existsSync(path));
}

/** Debian's own, where this is Debian and may be changed. */
function install(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0 || !existsSync("/etc/debian_version")) return false;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = (...args: string[]) => spawnSync("apt-get", ["-qq", ...args], { env, stdio: "ignore" }).status === 0;
  return apt("update") && apt("install", "-y", "--no-install-recommends", "chromium");
}

/** Starts the browser. Root, as in containers, has no sandbox to start it in. */
export async function startBrowser(program: string): Promise<Browser> {
  const sandbox = process.getuid?.() !== 0;
  return chromium.launch({ executablePath: program, chromiumSandbox: sandbox });
}
