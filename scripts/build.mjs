// Everything a run needs: npm packages, the native engine, the TypeScript packages. Done already means done at once.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildNative } from "./build-native.mjs";
import { install } from "./install.mjs";
import { Advice, main, ROOT, run, say } from "./process.mjs";
import { checkNode } from "./toolchain.mjs";

const TURBO_ENV = { TURBO_TELEMETRY_DISABLED: "1", TURBO_NO_UPDATE_NOTIFIER: "1", DO_NOT_TRACK: "1" };

export async function build() {
  checkNode();
  await install();
  await buildNative();
  await buildTypeScript();
}

async function buildTypeScript() {
  let said = false;
  const turbo = join(ROOT, "node_modules", "turbo", "bin", "turbo");
  const { code, output } = await run(process.execPath, [turbo, "run", "build", "--ui=stream"], {
    quiet: true,
    env: TURBO_ENV,
    onOutput(text) {
      if (said || !text.includes("cache miss")) return;
      said = true;
      say("Building the TypeScript packages …");
    },
  });
  if (code === 0 && existsSync(join(ROOT, "packages", "core", "dist", "index.js"))) return;
  process.stderr.write(output);
  throw new Advice("The TypeScript packages didn't build. The compiler's messages are above.");
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main(build);
