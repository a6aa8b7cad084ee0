// The packages as npm will publish them, as tarballs: node scripts/pack.mjs FOLDER
// izwi, the packages that it is built on, and one @izwi/core-<platform> for each addon in packages/core/native.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "./build.mjs";
import { PLATFORMS } from "./platforms.mjs";
import { Advice, main, npm, ROOT } from "./process.mjs";

const LIBRARIES = ["server", "sdk"];
const NATIVE = join(ROOT, "packages", "core", "native");

/** Writes the tarballs of what is built into `folder`. */
export async function pack(folder) {
  const staging = mkdtempSync(join(tmpdir(), "izwi-pack-"));
  mkdirSync(folder, { recursive: true });
  try {
    const libraries = LIBRARIES.filter((name) => existsSync(join(ROOT, "packages", name, "package.json")));
    const stages = [stageCore, stageCli, ...libraries.map(stageLibrary), ...builtPlatforms().map(stagePlatform)];
    for (const stage of stages) {
      const staged = join(staging, "package");
      rmSync(staged, { recursive: true, force: true });
      mkdirSync(staged);
      stage(staged);
      cpSync(join(ROOT, "LICENSE"), join(staged, "LICENSE"));
      const { code, output } = await npm(["pack", "--ignore-scripts", "--pack-destination", folder], {
        cwd: staged,
        quiet: true,
      });
      if (code !== 0) throw new Advice(`npm pack failed:\n${output}`);
    }
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** The library. Only the published manifest names the platforms' packages: in the repository they don't exist. */
function stageCore(staged) {
  const manifest = stagePackage("core", ["dist", "assets", "README.md"], staged);
  const platforms = PLATFORMS.map(({ name }) => [`${manifest.name}-${name}`, manifest.version]);
  const optionalDependencies = { ...manifest.optionalDependencies, ...Object.fromEntries(platforms) };
  writeManifest(staged, { ...manifest, optionalDependencies });
}

/** A package that is TypeScript alone. */
function stageLibrary(name) {
  return (staged) => writeManifest(staged, stagePackage(name, ["dist", "README.md"], staged));
}

function stageCli(staged) {
  writeManifest(staged, stagePackage("cli", ["bin", "dist", "README.md"], staged));
}

function stagePlatform({ name, os, cpu, libc }) {
  return (staged) => {
    const core = readManifest("core");
    const file = `izwi.${name}.node`;
    cpSync(join(NATIVE, file), join(staged, file));
    writeManifest(staged, {
      name: `${core.name}-${name}`,
      version: core.version,
      description: `The native engine of ${core.name} for ${name}.`,
      license: core.license,
      engines: core.engines,
      os: [os],
      cpu: [cpu],
      ...(libc ? { libc: [libc] } : {}),
      main: file,
      files: [file],
    });
  };
}

function builtPlatforms() {
  return PLATFORMS.filter(({ name }) => existsSync(join(NATIVE, `izwi.${name}.node`)));
}

/** Copies a package's published parts and returns its manifest without what only the repository needs. */
function stagePackage(name, parts, staged) {
  for (const part of parts) {
    const source = join(ROOT, "packages", name, part);
    if (existsSync(source)) cpSync(source, join(staged, part), { recursive: true });
  }
  const { scripts: _scripts, devDependencies: _devDependencies, ...manifest } = readManifest(name);
  return manifest;
}

function readManifest(name) {
  return JSON.parse(readFileSync(join(ROOT, "packages", name, "package.json"), "utf8"));
}

function writeManifest(staged, manifest) {
  writeFileSync(join(staged, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    const [folder] = process.argv.slice(2);
    if (!folder) throw new Advice("Usage: node scripts/pack.mjs FOLDER");
    await build();
    await pack(resolve(folder));
  });
}
