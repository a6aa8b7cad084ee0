import { isAbsolute, relative, resolve, sep } from "node:path";
import { IzwiError } from "../errors.js";

/** Names that Windows keeps for devices, with or without an ending. */
const DEVICES = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

const MAX_BYTES = 200;

/**
 * A name from outside as the name of one file or folder on every system: no separators, nothing hidden, nothing that
 * Windows would take for something else. The ending is kept.
 */
export function safeName(name: string): string {
  // eslint-disable-next-line no-control-regex
  const plain = name.replace(/[/\\]+/g, "--").replace(/[<>:"|?*\u0000-\u001f\u007f]|\p{Surrogate}/gu, "_");
  const short = shortened(plain);
  const trimmed = short.replace(/^\.+/, "_").replace(/[. ]+$/, "_");
  return DEVICES.test(trimmed) || trimmed === "" ? `_${trimmed}` : trimmed;
}

/** Beginning and end of a long name: most file systems take 255 bytes, and we need some for `.part.json`. */
function shortened(name: string): string {
  if (Buffer.byteLength(name) <= MAX_BYTES) return name;
  const characters = [...name];
  const fits = (part: string[]) => Buffer.byteLength(part.join("")) <= MAX_BYTES / 2 - 2;
  let count = Math.min(characters.length, MAX_BYTES) >> 1;
  while (!fits(characters.slice(0, count)) || !fits(characters.slice(-count))) count--;
  return `${characters.slice(0, count).join("")}…${characters.slice(-count).join("")}`;
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
