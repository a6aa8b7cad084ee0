import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { IzwiError } from "../../errors.js";

export type Environment = Readonly<Record<string, string | undefined>>;

/** How the hub is reached, by the variables that its own programs use. */
export interface HubSettings {
  /** Without a slash at its end. */
  endpoint: string;
  /** Nothing may be asked of any server. */
  offline: boolean;
  /** Read when it is needed. */
  token(): Promise<string | undefined>;
  /** Where those programs keep what they downloaded. */
  cache: string;
}

const TRUE = ["1", "on", "yes", "true"];

/**
 * From `HF_ENDPOINT`, `HF_HUB_OFFLINE`, `HF_TOKEN` (or the file that the hub's own login writes) and `HF_HUB_CACHE` or
 * `HF_HOME`.
 */
export function hubSettings(env: Environment = process.env, home: string = homedir()): HubSettings {
  const set = (name: string) => env[name]?.trim() || undefined;
  const hfHome = set("HF_HOME") ?? join(set("XDG_CACHE_HOME") ?? join(home, ".cache"), "huggingface");
  return {
    endpoint: checkedEndpoint(set("HF_ENDPOINT") ?? "https://huggingface.co"),
    offline: TRUE.includes((set("HF_HUB_OFFLINE") ?? "").toLowerCase()),
    token: async () => {
      const given = set("HF_TOKEN") ?? set("HUGGING_FACE_HUB_TOKEN");
      const text = given ?? (await readFile(set("HF_TOKEN_PATH") ?? join(hfHome, "token"), "utf8").catch(() => ""));
      const token = text.trim();
      if (token === "") return undefined;
      if (!/^[\u0021-\u007e]+$/.test(token))
        throw new IzwiError("INVALID_REQUEST", "HF_TOKEN can't be a token: it holds spaces or other signs.");
      return token;
    },
    cache: set("HF_HUB_CACHE") ?? set("HUGGINGFACE_HUB_CACHE") ?? join(hfHome, "hub"),
  };
}

function checkedEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol) || url.search !== "") {
    throw new IzwiError(
      "INVALID_REQUEST",
      `HF_ENDPOINT must be an address such as https://huggingface.co, not "${text}".`,
    );
  }
  return url.href.replace(/\/+$/, "");
}
