/** Which native addon this process has loaded. */
import { existsSync } from "node:fs";

export interface LoadedAddon {
  path: string;
  why: string;
}

/** Undefined where none is loaded, or where the system doesn't tell. */
export function loadedAddon(): LoadedAddon | undefined {
  const { report } = process;
  if (report === undefined) return undefined;
  // Looking up the names of open connections takes seconds and is of no use here.
  const settings = report as { excludeNetwork?: boolean };
  settings.excludeNetwork = true;
  const { sharedObjects = [] } = report.getReport() as { sharedObjects?: string[] };
  const path = sharedObjects.find((object) => /[\\/]izwi[^\\/]*\.node$/.test(object) && existsSync(object));
  if (path === undefined) return undefined;
  const local = /[\\/]native[\\/][^\\/]+$/.test(path);
  const why = local ? "a local build comes first" : "the package for this platform";
  return { path, why };
}
