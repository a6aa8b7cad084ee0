/** Which model a command uses, and loading it with what there is to say meanwhile. */
import type { ChatModel, Core } from "./core.js";
import type { CommandContext } from "./commands/context.js";
import { errorCode } from "./failure.js";
import { loadingLine } from "./load-text.js";

export interface AskedModel {
  model: string;
  /** Somebody named it, so that no other one may take its place. */
  modelAskedFor: boolean;
}

/** The default model's place is taken by the built-in one while it isn't installed; a model asked for has no stand-in. */
export async function chooseModel(core: Core, asked: AskedModel, modelsDir: string | undefined): Promise<string> {
  if (asked.modelAskedFor) return asked.model;
  try {
    await core.resolveModel(asked.model, { modelsDir });
    return asked.model;
  } catch (error) {
    if (errorCode(error) === "MODEL_NOT_FOUND") return core.BUILTIN_MODEL;
    throw error;
  }
}

/** Loads the model for a command that measures it or asks its tokenizer. */
export async function loadChosen(
  asked: AskedModel,
  load: Parameters<Core["loadModel"]>[1] & object,
  { loadCore, printer, stop }: CommandContext,
): Promise<ChatModel> {
  const progress = loadingLine(asked.model, printer);
  try {
    const core = await loadCore();
    const name = await chooseModel(core, asked, load.modelsDir);
    const model = await core.loadModel(name, { ...load, signal: stop.signal, onProgress: progress.told });
    progress.done();
    if (name !== asked.model) printer.talk(`${asked.model} isn't installed, so the built-in model is used.`);
    return model;
  } finally {
    progress.done();
  }
}
