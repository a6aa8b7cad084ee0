// The platforms that prebuilt addons are published for, one npm package each: @izwi/core-<name>.

/** `os`, `cpu` and `libc` are npm's words: an install takes the package that fits and leaves the others. */
export const PLATFORMS = [
  { name: "linux-x64-gnu", os: "linux", cpu: "x64", libc: "glibc" },
  { name: "linux-x64-musl", os: "linux", cpu: "x64", libc: "musl" },
  { name: "linux-arm64-gnu", os: "linux", cpu: "arm64", libc: "glibc" },
  { name: "linux-arm64-musl", os: "linux", cpu: "arm64", libc: "musl" },
  { name: "darwin-x64", os: "darwin", cpu: "x64" },
  { name: "darwin-arm64", os: "darwin", cpu: "arm64" },
  { name: "win32-x64-msvc", os: "win32", cpu: "x64" },
  { name: "win32-arm64-msvc", os: "win32", cpu: "arm64" },
];

/** The platform of this process; undefined where nothing is published for it. */
export function thisPlatform() {
  const musl = process.platform === "linux" && !process.report.getReport().header.glibcVersionRuntime;
  return PLATFORMS.find(
    ({ os, cpu, libc }) => os === process.platform && cpu === process.arch && (!libc || (libc === "musl") === musl),
  );
}
