/** The files that are measured: full shapes with random weights, made once and kept in .cache. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const CACHE = fileURLToPath(new URL(".cache", import.meta.url));
const SEED = "1";

/** Of Qwen3-0.6B's shape, but for the one that says otherwise. */
export const MODELS = ["Q4_K_M", "Q8_0", "Q4_0", "4B-Q4_K_M"];

/** The path of a model's file, which is made if it isn't there. */
export function modelFile(model) {
  const quantization = model.replace(/^4B-/, "");
  const preset = model === quantization ? "qwen3-0.6b" : "qwen3-4b";
  const path = join(CACHE, `${preset}-random-${SEED}-${quantization}.gguf`);
  if (existsSync(path)) return path;
  mkdirSync(CACHE, { recursive: true });
  const made = `${path}.part`;
  const example = buildExample("izwi-model", "random_gguf");
  console.error(`making ${model} with random weights`);
  execFileSync(example, ["--preset", preset, "--quantization", quantization, "--seed", SEED, made], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  renameSync(made, path);
  return path;
}

/** The path of an example program of one of the crates, which is built if it isn't. */
export function buildExample(crate, example) {
  // Built with the binding, so that the crates are compiled with the features that the workspace's build has.
  const build = ["build", "--release", "-p", "izwi-binding", "-p", crate, "--example", example];
  execFileSync("cargo", build, { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] });
  const target = process.env.CARGO_TARGET_DIR ?? join(ROOT, "target");
  return join(target, "release/examples", example);
}
