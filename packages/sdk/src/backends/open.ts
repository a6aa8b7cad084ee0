import { BUILTIN_MODEL, DEFAULT_MODEL, findInCatalog, IzwiError, modelsDirectory, resolveModel } from "@izwi/core";
import { hasCode } from "../errors.js";
import type { ChatOptions } from "../settings.js";
import type { ChatBackend } from "./backend.js";
import { LocalBackend } from "./local.js";
import type { Server } from "./remote.js";
import { sharedModels, type LoadOptions, type SharedModels } from "./shared-models.js";

/** The options that decide where a model runs. */
export type BackendOptions = LoadOptions &
  Pick<ChatOptions, "model" | "baseUrl" | "apiKey" | "headers" | "chatBackend" | "contextLength"> & {
    /** How often a server is asked again that couldn't take a request. Default: twice. */
    maxRetries?: number;
  };

/** What the choice depends on besides the options. */
export interface BackendWorld {
  env: Readonly<Record<string, string | undefined>>;
  models: SharedModels;
  openRemote(server: Server, model: string | undefined, contextLength: number | undefined): Promise<ChatBackend>;
  warn(message: string): void;
}

/**
 * Opens the backend that the options mean. A conversation leaves this machine only by `baseUrl` or `apiKey`, or where
 * the environment names a server *and* the model's name means nothing here.
 *
 * @param signal gives up loading
 */
export async function openBackend(
  options: BackendOptions,
  signal?: AbortSignal,
  world: BackendWorld = thisWorld,
): Promise<ChatBackend> {
  if (options.chatBackend !== undefined) return options.chatBackend();
  const { model, contextLength } = options;
  const server = serverOf(options, world.env);
  if (server?.explicit) return world.openRemote(server, model, contextLength);
  const name = model ?? (await defaultModel(options, world));
  try {
    const lease = await world.models.acquire(name, options, signal);
    return new LocalBackend(lease, name);
  } catch (error) {
    if (!hasCode(error, "MODEL_NOT_FOUND") || isOurs(name)) throw error;
    if (server !== undefined) return world.openRemote(server, name, contextLength);
    throw new IzwiError(
      "MODEL_NOT_FOUND",
      `${error.message} A model behind an OpenAI-compatible server needs baseUrl or apiKey, or OPENAI_BASE_URL or ` +
        `OPENAI_API_KEY in the environment.`,
      { cause: error },
    );
  }
}

const thisWorld: BackendWorld = {
  get env() {
    return process.env;
  },
  models: sharedModels,
  async openRemote(server, model, contextLength) {
    // Only those who use a server load the client for it.
    const { RemoteBackend } = await import("./remote.js");
    return RemoteBackend.open(server, model, contextLength);
  },
  warn: (message) => process.emitWarning(message, { type: "IzwiWarning", code: "IZWI_BUILTIN_MODEL" }),
};

/** Names that can't mean a remote model: those of the catalogue and of the hub, which may be missing here, and paths. */
function isOurs(name: string): boolean {
  if (findInCatalog(name) !== undefined || /\.gguf$/i.test(name)) return true;
  return /^(hf:|hf\.co\/|huggingface\.co\/|https?:)/i.test(name) || /^[./~\\]|\\/.test(name);
}

function serverOf(
  { baseUrl, apiKey, headers, maxRetries }: BackendOptions,
  env: BackendWorld["env"],
): (Server & { explicit: boolean }) | undefined {
  const fromEnv = env["OPENAI_BASE_URL"] || undefined;
  const envKey = env["OPENAI_API_KEY"] || undefined;
  const explicit = baseUrl !== undefined || apiKey !== undefined;
  if (!explicit && fromEnv === undefined && envKey === undefined) return undefined;
  // The environment's key belongs to the environment's server: it isn't shown to another.
  const key = apiKey ?? (baseUrl === undefined ? envKey : undefined);
  const url = baseUrl ?? fromEnv ?? OPENAI_URL;
  return { baseUrl: url, apiKey: key, headers, explicit, ...(maxRetries !== undefined && { maxRetries }) };
}

const OPENAI_URL = "https://api.openai.com/v1";

let warned = false;

/** The catalogue's default where it is installed, else the built-in model, which is said once. */
async function defaultModel(options: BackendOptions, world: BackendWorld): Promise<string> {
  try {
    await resolveModel(DEFAULT_MODEL, { modelsDir: options.modelsDir });
    return DEFAULT_MODEL;
  } catch (error) {
    if (!hasCode(error, "MODEL_NOT_FOUND")) throw error;
    if (!warned) {
      warned = true;
      world.warn(
        `${DEFAULT_MODEL} isn't installed, so the small built-in model (${BUILTIN_MODEL}) answers: it knows nothing ` +
          `about the world. Run 'izwi pull ${DEFAULT_MODEL}', or put a Qwen3 GGUF file into ` +
          `${modelsDirectory(options.modelsDir)}; model: "builtin" silences this.`,
      );
    }
    return BUILTIN_MODEL;
  }
}
