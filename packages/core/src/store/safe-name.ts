import { isAbsolute, relative, resolve, sep } from "node:path";
import { IzwiError } from "../errors.js";

/** Names that Windows keeps for devices, with or without an ending. */
const DEVICES = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/**
 * A name from outside as the name of one file or folder on every system: no separators, nothing hidden, nothing that
 * Windows would take for something else. The ending is kept.
 */
export function safeName(name: string): string {
  // eslint-disable-next-line no-control-regex
  const plain = name.replace(/[/\\]+/g, "--").replace(/[<>:"|?*\u0000-\u001f\u007f]/g, "_");
  const trimmed = plain.replace(/^\.+/, "_").replace(/[. ]+$/, "_");
  const named = DEVICES.test(trimmed) || trimmed === "" ? `_${trimmed}` : trimmed;
  // Longest name of most file systems, with room for ".part.json".
  return named.length > 200 ? `${named.slice(0, 100)}…${named.slice(-90)}` : named;
}

/** `path` made absolute; throws when it isn't below `directory`. */
export function inside(directory: string, ...path: string[]): string {
  const absolute = resolve(directory, ...path);
  const way = relative(directory, absolute);
  if (way === "" || way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way)) {
    throw new IzwiError("INVALID_REQUEST", `${path.join("/")} would leave the models directory.`);
  }
  return absolute;
}
