// Are Node and Rust there, and new enough?
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { Advice, firstLine } from "./process.mjs";

const NODE = "20.19";
const RUST = "1.90";

/** True if version `actual`, such as `1.95.0`, is at least `wanted`, such as `1.90`. */
export function atLeast(actual, wanted) {
  const [a, b] = [actual, wanted].map((version) => version.split(".").map(Number));
  return a[0] !== b[0] ? a[0] > b[0] : a[1] >= b[1];
}

export function checkNode(version = process.versions.node) {
  if (atLeast(version, NODE)) return;
  throw new Advice(`Izwi needs Node ${NODE} or newer, but this is ${version}. Install one from https://nodejs.org.`);
}

/** Finds cargo, also where rustup puts it but no shell has been told yet, and checks its age. */
export function checkRust() {
  const rustup = join(homedir(), ".cargo", "bin");
  if (existsSync(rustup) && !process.env.PATH?.split(delimiter).includes(rustup)) {
    process.env.PATH = `${process.env.PATH ?? ""}${delimiter}${rustup}`;
  }
  const rustc = firstLine("rustc", ["--version"]);
  const cargo = firstLine("cargo", ["--version"]);
  if (!rustc || !cargo) {
    throw new Advice(
      `Izwi's engine is written in Rust, and ${rustc ? "cargo" : "rustc"} wasn't found. ` +
        `Install Rust ${RUST} or newer from https://rustup.rs, open a new terminal, and run this again.`,
    );
  }
  const version = /\d+\.\d+\.\d+/.exec(rustc)?.[0];
  if (version && atLeast(version, RUST)) return;
  throw new Advice(`Izwi needs Rust ${RUST} or newer, but this is ${rustc}. Update it: rustup update stable.`);
}

/** True if cargo has this subcommand: rustfmt and clippy are optional components. */
export function hasCargo(subcommand) {
  return firstLine("cargo", [subcommand, "--version"]) !== undefined;
}
