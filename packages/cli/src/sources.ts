/** Where a setting that isn't a flag may come from: the environment, then the configuration file. */
import { noConfig } from "./config-file.js";
import type { Config } from "./config-file.js";

export type Environment = Readonly<Record<string, string | undefined>>;

/** A setting's two other names. */
export interface SettingNames {
  env?: string;
  key?: string;
}

export class Sources {
  readonly env: Environment;
  readonly #config: Config;

  constructor(env: Environment, config: Config = noConfig) {
    this.env = env;
    this.#config = config;
  }

  text(names: SettingNames): string | undefined {
    return this.#given(names)?.text;
  }

  /** The setting's value; `parse` gets the name that the person used, for its error message. */
  value<T>(names: SettingNames, parse: (name: string, text: string) => T): T | undefined {
    const given = this.#given(names);
    return given && parse(given.name, given.text);
  }

  #given({ env, key }: SettingNames): { name: string; text: string } | undefined {
    const variable = env === undefined ? undefined : this.env[env];
    // An empty variable counts as unset, as NO_COLOR's convention has it.
    if (env !== undefined && variable !== undefined && variable.trim() !== "") return { name: env, text: variable };
    const value = key === undefined ? undefined : this.#config.values.get(key);
    return key === undefined || value === undefined
      ? undefined
      : { name: `${key} in ${this.#config.file}`, text: value };
  }
}
