/** What answers a chat: a model in this process, or one behind a server. */
import type { ChatModel } from "./core.js";
import { describeModel } from "./model-text.js";
import { ServerClient } from "./server-client.js";
import type { ServerAddress } from "./server-client.js";

export interface Responder extends Pick<ChatModel, "chat" | "close"> {
  /** The model's name. */
  id: string;
  /** One line about it. */
  about: string;
  /** The same, for `--verbose`. */
  loadedText: string;
}

export function localResponder(model: ChatModel): Responder {
  const about = describeModel(model.info);
  return {
    id: model.info.id,
    about,
    loadedText: `${about} · loaded in ${model.info.loadMs.toFixed(0)} ms`,
    chat: (request, options) => model.chat(request, options),
    close: () => model.close(),
  };
}

/**
 * Throws where no server answers, or where it hasn't the model that was asked for.
 *
 * @param maxRetries how often a request is sent again that the server couldn't take; by default a few times
 */
export async function remoteResponder(
  server: ServerAddress,
  asked: { model: string; modelAskedFor: boolean },
  signal: AbortSignal,
  maxRetries?: number,
): Promise<Responder> {
  const { url, apiKey } = server;
  const model = asked.modelAskedFor ? asked.model : await usualModel(server, asked.model, signal);
  const { openBackend } = await import("@izwi/sdk");
  const given = { ...(apiKey !== undefined && { apiKey }), ...(maxRetries !== undefined && { maxRetries }) };
  const backend = await openBackend({ baseUrl: `${url}/v1`, model, ...given }, signal);
  const about = `${model} · at ${url}`;
  return {
    id: model,
    about,
    loadedText: about,
    chat: (request, options) => backend.chat(request, { signal: options?.signal ?? signal }),
    close: () => backend.release(),
  };
}

/** Where nobody names a model: the default one, else one that is loaded, else the first. */
async function usualModel(server: ServerAddress, preferred: string, signal: AbortSignal): Promise<string> {
  const client = new ServerClient(server, signal);
  const { data = [] } = await client.json<{ data?: { id: string; status?: string }[] }>("GET", "/v1/models");
  const found = data.find(({ id }) => id === preferred) ?? data.find(({ status }) => status === "ready") ?? data[0];
  if (found === undefined) throw new Error(`The server at ${server.url} has no model.`);
  return found.id;
}
