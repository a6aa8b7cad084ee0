/** The files that are measured: Qwen3-0.6B's full shape with random weights, made once and kept in .cache. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const CACHE = fileURLToPath(new URL(".cache", import.meta.url));
const SEED = "1";

/** The path of a quantization's file, which is made if it isn't there. */
export function modelFile(quantization) {
  const path = join(CACHE, `qwen3-0.6b-random-${SEED}-${quantization}.gguf`);
  if (existsSync(path)) return path;
  mkdirSync(CACHE, { recursive: true });
  const made = `${path}.part`;
  const sizes = ["--preset", "qwen3-0.6b", "--quantization", quantization, "--seed", SEED];
  // Built with the binding, so that the crates are compiled with the features that the workspace's build has.
  const build = ["build", "--release", "-p", "izwi-binding", "-p", "izwi-model", "--example", "random_gguf"];
  execFileSync("cargo", build, { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] });
  const target = process.env.CARGO_TARGET_DIR ?? join(ROOT, "target");
  console.error(`making ${quantization} with random weights`);
  execFileSync(join(target, "release/examples/random_gguf"), [...sizes, made], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  renameSync(made, path);
  return path;
}
