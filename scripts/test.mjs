// npm test: build what is missing or stale, then every suite. The last line is "N passed, N failed".
// For one suite while developing: npm test -- --only cargo,unit
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "./build.mjs";
import { Advice, main, ROOT, run, say } from "./process.mjs";
import { cargoCounts, sum, vitestCounts } from "./test-counts.mjs";
import { checkRust, hasCargo } from "./toolchain.mjs";

const SUITES = {
  checks,
  cargo,
  unit: () => vitest("unit"),
  tidy: () => vitest("tidy"),
  e2e: () => vitest("e2e", ["--no-file-parallelism"]),
};

await main(async () => {
  const chosen = chooseSuites(process.argv.slice(2));
  await build();
  const results = [];
  for (const name of chosen) {
    say(`\n── ${name} ──`);
    const counts = await SUITES[name]();
    say(`${name}: ${counts.passed} passed, ${counts.failed} failed`);
    results.push(counts);
  }
  const { passed, failed, skipped } = sum(results);
  console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  return failed > 0 || passed === 0 ? 1 : 0;
});

function chooseSuites(args) {
  if (args.length === 0) return Object.keys(SUITES);
  const names = args[0] === "--only" && args.length === 2 ? args[1].split(",") : [];
  if (names.length > 0 && names.every((name) => Object.hasOwn(SUITES, name))) return names;
  throw new Advice(`Usage: npm test [-- --only SUITE[,SUITE…]], where SUITE is ${Object.keys(SUITES).join(", ")}.`);
}

/** Formatting, lint and types of both languages; each counts as one test. */
async function checks() {
  checkRust();
  const bin = (path) => join(ROOT, "node_modules", path);
  const node = process.execPath;
  const results = [
    await cargoCheck("fmt", ["fmt", "--all", "--check"]),
    await cargoCheck("clippy", ["clippy", "--release", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    await check("oxlint", node, [bin("oxlint/bin/oxlint"), "--deny-warnings"]),
    await check("prettier", node, [bin("prettier/bin/prettier.cjs"), "--check", "--log-level=warn", "."]),
    await check("tsc", node, [bin("typescript/bin/tsc"), "-p", "tsconfig.json"]),
  ];
  return sum(results);
}

async function cargoCheck(subcommand, args) {
  if (hasCargo(subcommand)) return check(`cargo ${subcommand}`, "cargo", args);
  say(`cargo ${subcommand}: skipped, because the component isn't installed (rustup component add rustfmt clippy)`);
  return { passed: 0, failed: 0, skipped: 1 };
}

async function check(name, command, args) {
  const { code } = await run(command, args);
  say(`${name}: ${code === 0 ? "ok" : "FAILED"}`);
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

async function cargo() {
  checkRust();
  const args = ["test", "--release", "--workspace"];
  // Compiled apart from the run, so that cargo's own progress is seen.
  const compiled = await run("cargo", [...args, "--no-run", "--quiet"]);
  if (compiled.code !== 0) return { passed: 0, failed: 1, skipped: 0 };
  const { code, output } = await run("cargo", [...args, "--no-fail-fast"], { collect: true });
  return cargoCounts(code, output);
}

async function vitest(project, more = []) {
  const folder = mkdtempSync(join(tmpdir(), "izwi-test-"));
  const report = join(folder, "report.json");
  const cli = join(ROOT, "node_modules", "vitest", "vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  try {
    const { code } = await run(process.execPath, [cli, "run", "--project", project, ...reporters, ...more]);
    return vitestCounts(code, readReport(report));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
