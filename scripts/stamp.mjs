// "Was this already done, from the same input?" A stamp is a file that holds the input's hash.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "./process.mjs";

/** The hash of files and folders, given relative to the root; absent ones count as such. */
export function hashOf(paths, { skip = () => false, also = "" } = {}) {
  const hash = createHash("sha256").update(also);
  const add = (path) => {
    const absolute = join(ROOT, path);
    if (!existsSync(absolute) || skip(path)) return;
    if (statSync(absolute).isDirectory()) {
      for (const child of readdirSync(absolute).sort()) add(`${path}/${child}`);
    } else {
      hash.update(`${path}\0`).update(readFileSync(absolute));
    }
  };
  paths.forEach(add);
  return hash.digest("hex");
}

export function isStamped(path, hash) {
  const absolute = join(ROOT, path);
  return existsSync(absolute) && readFileSync(absolute, "utf8") === hash;
}

export function stamp(path, hash) {
  const absolute = join(ROOT, path);
  mkdirSync(dirname(absolute), { recursive: true });
  writeFileSync(absolute, hash);
}
