import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { temporaryFolder } from "./fakes/temporary-folder.js";
import { currentPlatform, findAddon, platformName, type Platform } from "./native.js";

const LINUX: Platform = { os: "linux", arch: "x64", libc: "glibc" };

describe("platformName", () => {
  it.each<[string, Platform]>([
    ["linux-x64-gnu", LINUX],
    ["linux-arm64-musl", { os: "linux", arch: "arm64", libc: "musl" }],
    ["darwin-arm64", { os: "darwin", arch: "arm64", libc: undefined }],
    ["win32-x64-msvc", { os: "win32", arch: "x64", libc: undefined }],
  ])("is %s", (name, platform) => {
    expect(platformName(platform)).toBe(name);
  });

  it("agrees with Node about this process", () => {
    const { os, arch, libc } = currentPlatform();
    expect({ os, arch }).toEqual({ os: process.platform, arch: process.arch });
    const report = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
    const expected = report.header.glibcVersionRuntime ? "glibc" : "musl";
    expect(libc).toBe(process.platform === "linux" ? expected : undefined);
  });
});

describe("findAddon", () => {
  const folder = () => temporaryFolder();

  it("prefers a local build", () => {
    const local = folder();
    const file = join(local, "izwi.linux-x64-gnu.node");
    writeFileSync(file, "");
    const load = vi.fn(() => "the addon");
    expect(findAddon(LINUX, local, load)).toBe("the addon");
    expect(load).toHaveBeenCalledExactlyOnceWith(file);
  });

  it("takes the platform's package otherwise", () => {
    const load = vi.fn(() => "the addon");
    expect(findAddon(LINUX, folder(), load)).toBe("the addon");
    expect(load).toHaveBeenCalledExactlyOnceWith("@izwi/core-linux-x64-gnu");
  });

  it("names platform, package and way out when there is neither", () => {
    const musl: Platform = { os: "linux", arch: "arm64", libc: "musl" };
    expect(() => findAddon(musl, folder(), createRequire(import.meta.url))).toThrowError(
      expect.objectContaining({
        code: "ADDON_UNAVAILABLE",
        message: expect.stringMatching(
          /linux arm64 \(musl\).*@izwi\/core-linux-arm64-musl.*--omit=optional.*build:native/,
        ),
      }),
    );
  });

  it("says why a file that is there can't be loaded", () => {
    const local = folder();
    mkdirSync(local, { recursive: true });
    writeFileSync(join(local, "izwi.linux-x64-gnu.node"), "not a library");
    expect(() => findAddon(LINUX, local, createRequire(import.meta.url))).toThrowError(
      expect.objectContaining({ code: "ADDON_UNAVAILABLE", message: expect.stringContaining("can't be loaded") }),
    );
  });
});
