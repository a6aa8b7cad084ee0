// Installs what package-lock.json says, when node_modules is something else.
//
// Not by npm ci: it refuses a lock file that misses some platform's optional package, as one written against a registry
// without that package does. `--no-save` installs the locked versions and leaves the lock file alone.
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { Advice, npm, ROOT, say, WATCHED } from "./process.mjs";
import { hashOf, isStamped, stamp } from "./stamp.mjs";

const STAMP = "node_modules/.izwi-lock-hash";

export async function install() {
  const hash = hashOf(["package-lock.json"]);
  if (existsSync(join(ROOT, "node_modules")) && (isStamped(STAMP, hash) || installedByHand())) return;
  say("Installing npm packages …");
  const args = [
    "install",
    "--no-save",
    "--loglevel=error",
    "--no-audit",
    "--no-fund",
    WATCHED ? "--progress" : "--no-progress",
  ];
  const { code } = await npm(args);
  if (code === 127) throw new Advice("npm wasn't found. It comes with Node: install that from https://nodejs.org.");
  if (code !== 0) throw new Advice("npm install failed, see above. It needs the network the first time.");
  stamp(STAMP, hash);
}

/** npm notes each install in a lock file of its own; newer than ours, it means that npm install has just run. */
function installedByHand() {
  const installed = join(ROOT, "node_modules", ".package-lock.json");
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(ROOT, "package-lock.json")).mtimeMs;
}
