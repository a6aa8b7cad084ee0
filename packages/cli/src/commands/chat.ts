/** `izwi chat`: loads a model, then holds a conversation or answers one prompt. */
import { Conversation } from "../conversation.js";
import type { ChatModel, Core } from "../core.js";
import { ExitCode } from "../exit-code.js";
import { describeFailure, errorCode, isAbort } from "../failure.js";
import { describeModel } from "../model-text.js";
import { harmless } from "../printer.js";
import { historyFile, InputHistory } from "../repl/input-history.js";
import { PipeInput } from "../repl/pipe-input.js";
import { Session } from "../repl/session.js";
import type { SessionInput } from "../repl/session-input.js";
import { TerminalInput } from "../repl/terminal-input.js";
import type { ChatSettings } from "../settings.js";
import type { CommandContext } from "./context.js";
import { answerOnce, readPrompt } from "./one-shot.js";

export async function chatCommand(settings: ChatSettings, context: CommandContext): Promise<ExitCode> {
  const { printer, stop } = context;
  const { mode } = settings;
  const prompt = mode.kind === "one-shot" ? await readPrompt(mode, context) : "";
  if (stop.signal.aborted) return stop.exitCode;

  const model = await load(settings, context);
  if (model === undefined) return stop.signal.aborted ? stop.exitCode : ExitCode.failure;
  try {
    printer.detail(`${describeModel(model.info)} · loaded in ${model.info.loadMs.toFixed(0)} ms`);
    if (settings.voice !== undefined) {
      printer.notice(
        `Voice '${harmless(settings.voice)}': this version of izwi has no speech yet, so answers are text only.`,
      );
    }
    const conversation = new Conversation(model, settings);
    if (mode.kind === "one-shot") return await answerOnce(conversation, model, prompt, settings, context);
    return await converse(conversation, model, settings, context);
  } finally {
    await model.close();
  }
}

/** The model, or undefined when that failed and the reason was printed. */
async function load(settings: ChatSettings, context: CommandContext): Promise<ChatModel | undefined> {
  const { printer, stop } = context;
  const progress = printer.progress(`Loading ${harmless(settings.model)}…`);
  try {
    const core = await context.loadCore();
    const name = await chooseModel(core, settings);
    const model = await core.loadModel(name, { ...settings.load, signal: stop.signal });
    progress.done();
    if (name !== settings.model) printer.notice(builtinNotice(settings, model));
    return model;
  } catch (error) {
    progress.done();
    if (!(stop.signal.aborted && isAbort(error))) {
      printer.fail(describeFailure(error, "load"));
      if (error instanceof Error && error.stack !== undefined) printer.detail(error.stack);
    }
    return undefined;
  }
}

/** The default model's place is taken by the built-in one while it isn't installed; a model asked for has no stand-in. */
async function chooseModel(core: Core, { model, modelAskedFor, load }: ChatSettings): Promise<string> {
  if (modelAskedFor) return model;
  try {
    await core.resolveModel(model, { modelsDir: load.modelsDir });
    return model;
  } catch (error) {
    if (errorCode(error) === "MODEL_NOT_FOUND") return core.BUILTIN_MODEL;
    throw error;
  }
}

function builtinNotice({ model }: ChatSettings, { info }: ChatModel): string {
  return (
    `${model} isn't installed, so the small built-in model (${info.id}) answers; get the real one (400 MB) with: ` +
    `izwi pull ${model}`
  );
}

async function converse(
  conversation: Conversation,
  model: ChatModel,
  settings: ChatSettings,
  context: CommandContext,
): Promise<ExitCode> {
  const { printer, stop, stdin } = context;
  const onTerminal = stdin.isTTY === true;
  const history = new InputHistory(onTerminal && settings.keepHistory ? historyFile(context.env) : undefined);
  const { colors } = printer;
  if (onTerminal) {
    printer.talk(`Chat mode with '${harmless(model.info.id)}'`);
    printer.talk(colors.dim("Type a message and press Enter. 'help' lists the commands, 'exit' leaves."));
  }
  const session = new Session({
    conversation,
    input: sessionInput(context, history),
    history,
    printer,
    stop,
    label: onTerminal ? colors.green("Izwi: ") : "",
    stats: settings.stats,
    modelText: harmless(describeModel(model.info)),
  });
  return session.run();
}

function sessionInput({ stdin, printer, env }: CommandContext, history: InputHistory): SessionInput {
  if (stdin.isTTY !== true) return new PipeInput(stdin);
  return new TerminalInput({
    keyboard: stdin,
    screen: printer.terminal,
    history,
    prompt: printer.colors.cyan("You: "),
    continuation: printer.colors.dim("...  "),
    bracketedPaste: env["TERM"] !== "dumb",
  });
}
