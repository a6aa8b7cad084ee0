import { NoSuchModelError, type LanguageModelV3, type ProviderV3 } from "@ai-sdk/provider";
import type { ChatBackend } from "../backends/backend.js";
import { Connection } from "../connection.js";
import type { ChatOptions, LocalOptions, RemoteOptions } from "../settings.js";
import { IzwiLanguageModel } from "./language-model.js";

/** Where the models of a provider run: in this process, unless a server is given. */
export type IzwiProviderSettings = LocalOptions & RemoteOptions & Pick<ChatOptions, "chatBackend">;

export interface IzwiModelSettings {
  /** Let the model think before it answers. Default: false. For one call: `providerOptions.izwi.thinking`. */
  thinking?: boolean | { budget: number };
}

/** Models for the Vercel AI SDK. */
export interface IzwiProvider extends ProviderV3, AsyncDisposable {
  /** @param modelId a path to a GGUF file, a model's name, or `builtin` */
  (modelId: string, settings?: IzwiModelSettings): LanguageModelV3;
  languageModel(modelId: string, settings?: IzwiModelSettings): LanguageModelV3;
  /** Frees the models that were loaded. A program may also end without it. */
  close(): Promise<void>;
}

/** A provider with settings of its own. */
export function createIzwi(settings: IzwiProviderSettings = {}): IzwiProvider {
  /** One for each name: a model is loaded once, at its first answer. */
  const connections = new Map<string, Connection>();
  const open = (modelId: string): Promise<ChatBackend> => {
    const connection = connections.get(modelId) ?? new Connection({ ...settings, model: modelId });
    connections.set(modelId, connection);
    return connection.backend();
  };
  const languageModel = (modelId: string, modelSettings: IzwiModelSettings = {}): LanguageModelV3 =>
    new IzwiLanguageModel(modelId, () => open(modelId), modelSettings);
  const close = async (): Promise<void> => {
    const closing = [...connections.values()];
    connections.clear();
    await Promise.all(closing.map((connection) => connection.release()));
  };
  return Object.assign((modelId: string, modelSettings?: IzwiModelSettings) => languageModel(modelId, modelSettings), {
    specificationVersion: "v3" as const,
    languageModel,
    embeddingModel: none("embeddingModel"),
    imageModel: none("imageModel"),
    close,
    [Symbol.asyncDispose]: close,
  });
}

/** The provider as it is: `izwi("qwen3-0.6b")`. */
export const izwi: IzwiProvider = createIzwi();

function none(modelType: "embeddingModel" | "imageModel") {
  return (modelId: string): never => {
    throw new NoSuchModelError({ modelId, modelType });
  };
}
