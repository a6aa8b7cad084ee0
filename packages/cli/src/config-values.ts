/** The settings that are in force, and where each comes from. */
import type { Config } from "./config-file.js";
import { configKeys } from "./config-keys.js";
import type { ConfigKey } from "./config-keys.js";
import { UsageError } from "./failure.js";
import type { Environment } from "./sources.js";

export interface EffectiveSetting {
  key: string;
  /** Undefined when nobody set it and the program decides. */
  value: string | undefined;
  /** The variable's name, "file", or "default". */
  source: string;
  secret: boolean;
}

export function effectiveSettings(
  config: Config,
  env: Environment,
): { values: EffectiveSetting[]; problems: string[] } {
  const problems: string[] = [];
  const values = configKeys.map((known): EffectiveSetting => {
    const { key, fallback, secret = false } = known;
    const variable = known.env === undefined ? undefined : env[known.env]?.trim() || undefined;
    const written = config.values.get(key);
    if (variable !== undefined) {
      const value = inForce(known, variable);
      return { key, value: checked(known, known.env!, value, problems), source: known.env!, secret };
    }
    if (written !== undefined) {
      return { key, value: checked(known, `${key} in ${config.file}`, written, problems), source: "file", secret };
    }
    return { key, value: fallback, source: "default", secret };
  });
  return { values, problems };
}

/** `IZWI_NO_UI=1` is `ui.enabled = false`. */
function inForce({ inverted }: ConfigKey, text: string): string {
  if (!inverted) return text;
  if (/^(1|true|yes|on)$/i.test(text)) return "false";
  return /^(0|false|no|off)$/i.test(text) ? "true" : text;
}

function checked({ check }: ConfigKey, name: string, text: string, problems: string[]): string {
  try {
    check(name, text);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    problems.push(error.message);
  }
  return text;
}
