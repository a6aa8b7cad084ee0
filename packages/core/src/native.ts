/** Finds and loads the native addon: the only file that does. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { IzwiError } from "./errors.js";
import type { NativeAddon } from "./native-addon.js";
import { packageRoot } from "./package-root.js";

/** What decides which build of the addon fits. */
export interface Platform {
  os: string;
  arch: string;
  /** Only on Linux. */
  libc: "glibc" | "musl" | undefined;
}

let addon: NativeAddon | undefined;

/** The addon: a local build if there is one, else the platform's package. Loaded once, on first use. */
export function loadAddon(): NativeAddon {
  addon ??= findAddon(currentPlatform(), join(packageRoot(), "native"), createRequire(import.meta.url));
  return addon;
}

/** The part of {@link loadAddon} that tests run with other platforms and folders. */
export function findAddon(platform: Platform, localFolder: string, load: (id: string) => unknown): NativeAddon {
  const name = platformName(platform);
  const local = join(localFolder, `izwi.${name}.node`);
  const prebuilt = `@izwi/core-${name}`;
  const target = existsSync(local) ? local : prebuilt;
  try {
    return load(target) as NativeAddon;
  } catch (error) {
    const missing = target === prebuilt && (error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND";
    throw new IzwiError(
      "ADDON_UNAVAILABLE",
      missing ? missingMessage(platform, prebuilt) : brokenMessage(platform, target, error),
      { cause: error },
    );
  }
}

/** The name that builds and packages carry, such as `linux-x64-gnu` or `darwin-arm64`. */
export function platformName({ os, arch, libc }: Platform): string {
  if (os === "linux") return `linux-${arch}-${libc === "musl" ? "musl" : "gnu"}`;
  if (os === "win32") return `win32-${arch}-msvc`;
  return `${os}-${arch}`;
}

/** The platform of this process. */
export function currentPlatform(): Platform {
  const { platform: os, arch } = process;
  return { os, arch, libc: os === "linux" ? detectLibc() : undefined };
}

function detectLibc(): "glibc" | "musl" {
  try {
    return readFileSync("/usr/bin/ldd", "latin1").includes("musl") ? "musl" : "glibc";
  } catch {
    // Distributions without ldd: ask Node, which is slower.
    const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
    return report?.header?.glibcVersionRuntime ? "glibc" : "musl";
  }
}

function describe({ os, arch, libc }: Platform): string {
  return libc ? `${os} ${arch} (${libc})` : `${os} ${arch}`;
}

function missingMessage(platform: Platform, prebuilt: string): string {
  return (
    `There is no native addon for ${describe(platform)}: neither the package ${prebuilt} nor a local build was found. ` +
    `Install again without --omit=optional, or build it from the repository: npm run build:native.`
  );
}

function brokenMessage(platform: Platform, target: string, error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  return `The native addon ${target} can't be loaded on ${describe(platform)}: ${reason}`;
}
