// The Rust engine as a Node addon: crates/binding -> packages/core/native/izwi.<platform>.node
import { copyFileSync, existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { install } from "./install.mjs";
import { thisPlatform } from "./platforms.mjs";
import { Advice, main, ROOT, run, say, WATCHED } from "./process.mjs";
import { hashOf, isStamped, stamp } from "./stamp.mjs";
import { checkNode, checkRust } from "./toolchain.mjs";

const OUTPUT = "packages/core/native";
const STAMP = `${OUTPUT}/.source-hash`;
const SOURCES = ["crates", "Cargo.toml", "Cargo.lock", "rust-toolchain.toml", ".cargo"];

/** Cargo features of the addon, such as `metal` or `cuda`, from IZWI_FEATURES. */
const FEATURES = (process.env.IZWI_FEATURES ?? "").split(/[\s,]+/).filter(Boolean);

export async function buildNative() {
  const hash = hashOf(SOURCES, {
    skip: (path) => /^crates\/[^/]+\/(tests|benches|examples|target)$/.test(path),
    also: [process.platform, process.arch, ...FEATURES].join(" "),
  });
  const platform = thisPlatform();
  if (!platform) throw new Advice(`Izwi doesn't run on ${process.platform} ${process.arch}.`);
  const addon = join(ROOT, OUTPUT, `izwi.${platform.name}.node`);
  if (existsSync(addon) && isStamped(STAMP, hash)) return;
  checkRust();
  const first = !existsSync(join(ROOT, "target", "release", "deps"));
  say(`Building the native engine${first ? " (the first time takes some minutes)" : ""} …`);
  const library = await compile();
  // Renamed into place: writing over a library that a running process has mapped would crash it.
  mkdirSync(join(ROOT, OUTPUT), { recursive: true });
  copyFileSync(library, `${addon}.new`);
  renameSync(`${addon}.new`, addon);
  stamp(STAMP, hash);
}

/**
 * Plain `cargo build` with the profile and features of `cargo test --release --workspace` and no --target, which
 * would make cargo compile everything a second time. Returns the library's path.
 */
async function compile() {
  const { code, stdout } = await run(
    "cargo",
    [
      ...["build", "--release", "--package", "izwi-binding", "--message-format", "json-render-diagnostics"],
      ...(FEATURES.length > 0 ? ["--features", FEATURES.map((name) => `izwi-binding/${name}`).join(",")] : []),
      ...(WATCHED ? [] : ["--quiet"]),
    ],
    { collectStdout: true },
  );
  const library = stdout
    .split("\n")
    .filter((line) => line.includes("izwi_binding") && line.includes(`"compiler-artifact"`))
    .flatMap((line) => JSON.parse(line).filenames)
    .find((file) => /\.(so|dylib|dll)$/.test(file));
  if (code === 0 && library) return library;
  throw new Advice("The native engine didn't build. The compiler's messages are above.");
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    checkNode();
    await install();
    await buildNative();
  });
}
