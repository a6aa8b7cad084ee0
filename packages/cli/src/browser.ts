import { spawn } from "node:child_process";

/** Opens an address in the person's browser, if there is one. */
export type OpenBrowser = (url: string) => void;

export const openBrowser: OpenBrowser = (url) => {
  const [command, ...args] = opener(process.platform);
  const child = spawn(command, [...args, url], { stdio: "ignore", detached: true });
  // Without a desktop there is no such program; the address is on the screen anyway.
  child.on("error", () => {});
  child.unref();
};

function opener(platform: NodeJS.Platform): [string, ...string[]] {
  if (platform === "darwin") return ["open"];
  // The first quoted argument of `start` would be a window's title.
  return platform === "win32" ? ["cmd", "/c", "start", ""] : ["xdg-open"];
}
