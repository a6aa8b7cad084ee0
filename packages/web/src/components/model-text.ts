import type { Model } from "../api/models.js";

export function statusText({ id, status }: Model, loading: ReadonlySet<string>): string {
  if (loading.has(id)) return "Loading…";
  return { ready: "Loaded", loading: "Loading…", downloaded: "On disk", error: "Can't be loaded" }[status];
}

/** `1 595 136` bytes are `1.6 MB`. */
export function sizeText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = bytes;
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${size < 10 && unit > 0 ? size.toFixed(1) : Math.round(size)} ${units[unit]!}`;
}
