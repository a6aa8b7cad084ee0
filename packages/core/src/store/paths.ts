import { homedir } from "node:os";
import { isAbsolute, join, posix, resolve, win32 } from "node:path";
import { packageRoot } from "../package-root.js";

/** The id of the model that comes with this package; `builtin` means it too. */
export const BUILTIN_MODEL = "izwi-tiny";

/** The file of the built-in model. */
export function builtinModelPath(): string {
  return join(packageRoot(), "assets", "izwi-tiny.gguf");
}

/** What the models directory depends on besides an explicit choice. */
export interface PathEnvironment {
  platform: NodeJS.Platform;
  env: Readonly<Record<string, string | undefined>>;
  home: string;
}

/**
 * The directory that names are looked up in: the given one, else `IZWI_MODELS_DIR`, else
 * `~/.local/share/izwi/models` (below `XDG_DATA_HOME` if that is set), on macOS
 * `~/Library/Application Support/izwi/models`, on Windows `%APPDATA%\izwi\models`. It need not exist.
 */
export function modelsDirectory(
  modelsDir?: string,
  { platform, env, home }: PathEnvironment = { platform: process.platform, env: process.env, home: homedir() },
): string {
  const chosen = modelsDir || env["IZWI_MODELS_DIR"];
  if (chosen) return resolve(chosen);
  switch (platform) {
    case "darwin":
      return posix.join(home, "Library", "Application Support", "izwi", "models");
    case "win32":
      return win32.join(env["APPDATA"] || win32.join(home, "AppData", "Roaming"), "izwi", "models");
    default: {
      const data = env["XDG_DATA_HOME"];
      // The XDG specification says that a relative path must be ignored.
      return posix.join(data && isAbsolute(data) ? data : posix.join(home, ".local", "share"), "izwi", "models");
    }
  }
}
