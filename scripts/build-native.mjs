// The Rust engine as a Node addon: crates/binding -> packages/core/native/izwi.<platform>.node
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { install } from "./install.mjs";
import { Advice, main, ROOT, run, say, WATCHED } from "./process.mjs";
import { hashOf, isStamped, stamp } from "./stamp.mjs";
import { checkNode, checkRust } from "./toolchain.mjs";

const OUTPUT = "packages/core/native";
const STAMP = `${OUTPUT}/.source-hash`;
const SOURCES = ["crates", "Cargo.toml", "Cargo.lock", "rust-toolchain.toml", ".cargo", "packages/core/package.json"];

/** Cargo features of the addon, such as `metal` or `cuda`, from IZWI_FEATURES. */
const FEATURES = (process.env.IZWI_FEATURES ?? "").split(/[\s,]+/).filter(Boolean);

export async function buildNative() {
  const hash = hashOf(SOURCES, {
    skip: (path) => /^crates\/[^/]+\/(tests|benches|examples|target)$/.test(path),
    also: [process.platform, process.arch, ...FEATURES].join(" "),
  });
  if (isBuilt() && isStamped(STAMP, hash)) return;
  checkRust();
  const first = !existsSync(join(ROOT, "target", "release", "deps"));
  say(`Building the native engine ${first ? "(the first time takes some minutes) " : ""}…`);
  const napi = createRequire(join(ROOT, "packages/core/package.json")).resolve("@napi-rs/cli/package.json");
  const { code } = await run(process.execPath, [join(napi, "..", "dist", "cli.js"), ...napiArguments()], {
    cwd: join(ROOT, "packages", "core"),
  });
  if (code !== 0 || !isBuilt()) throw new Advice("The native engine didn't build. The compiler's messages are above.");
  stamp(STAMP, hash);
}

// The same package, profile and features as `cargo test --release --workspace`, so that both share one compilation.
function napiArguments() {
  return [
    ...["build", "--platform", "--release", "--no-js", "--dts", "addon.d.ts"],
    ...["--manifest-path", "../../crates/binding/Cargo.toml"],
    ...["--package-json-path", "package.json"],
    ...["--output-dir", "native", "--target-dir", "../../target"],
    ...(FEATURES.length > 0 ? ["--features", FEATURES.join(",")] : []),
    ...(WATCHED ? [] : ["--", "--quiet"]),
  ];
}

function isBuilt() {
  const folder = join(ROOT, OUTPUT);
  return existsSync(folder) && readdirSync(folder).some((file) => file.endsWith(".node"));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    checkNode();
    await install();
    await buildNative();
  });
}
