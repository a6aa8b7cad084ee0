/** `izwi chat`: loads a model, then holds a conversation or answers one prompt. */
import type { ChatVoice } from "../audio/chat-voice.js";
import { chooseModel } from "../chosen-model.js";
import { Conversation } from "../conversation.js";
import type { Exchange } from "../conversation.js";
import { ExitCode } from "../exit-code.js";
import { describeFailure, isAbort, UsageError } from "../failure.js";
import { harmless } from "../printer.js";
import { loadingLine } from "../load-text.js";
import type { Progress } from "../printer.js";
import { historyFile, InputHistory } from "../repl/input-history.js";
import { PipeInput } from "../repl/pipe-input.js";
import { Session } from "../repl/session.js";
import type { SessionInput } from "../repl/session-input.js";
import { TerminalInput } from "../repl/terminal-input.js";
import { localResponder, remoteResponder } from "../responder.js";
import type { Responder } from "../responder.js";
import { checkSavePlace, keepSaved, resumed } from "../saved-conversation.js";
import type { ChatMode, ChatSettings } from "../settings.js";
import type { CommandContext } from "./context.js";
import { answerOnce, readPrompt } from "./one-shot.js";

export async function chatCommand(asked: ChatSettings, context: CommandContext): Promise<ExitCode> {
  const { printer, stop } = context;
  const { mode } = asked;
  if (asked.voice === "list") return listVoices(mode, context);
  const prompt = mode.kind === "one-shot" ? await readPrompt(mode, context) : "";
  if (stop.signal.aborted) return stop.exitCode;

  const begun = await begin(asked, context);
  if (begun === undefined) return stop.signal.aborted ? stop.exitCode : ExitCode.failure;
  const { model, settings, exchanges } = begun;
  let voice: ChatVoice | undefined;
  try {
    printer.detail(model.loadedText);
    voice = await loadVoice(settings, context);
    const conversation = new Conversation(model, { ...settings, exchanges });
    if (settings.save !== undefined) await keepSaved(settings.save, conversation, model.id);
    if (mode.kind === "one-shot") return await answerOnce(conversation, model, prompt, settings, context, voice);
    return await converse(conversation, model, settings, context, voice);
  } finally {
    await voice?.close();
    await model.close();
  }
}

async function listVoices(mode: ChatMode, context: CommandContext): Promise<ExitCode> {
  const { voicesCommand } = await import("./voices.js");
  return voicesCommand(mode.kind === "one-shot" && mode.format !== "plain" ? mode.format : "table", context);
}

/** Only who asks for a voice waits for one. */
async function loadVoice({ voice, voiceOut }: ChatSettings, context: CommandContext): Promise<ChatVoice | undefined> {
  if (voice === undefined) return undefined;
  const { loadChatVoice } = await import("../audio/chat-voice.js");
  return loadChatVoice({ voice, ...(voiceOut !== undefined && { voiceOut }) }, context);
}

interface Begun {
  model: Responder;
  /** With what a saved conversation says. */
  settings: ChatSettings;
  exchanges: Exchange[];
}

/** Undefined when that failed and the reason was printed. */
async function begin(asked: ChatSettings, context: CommandContext): Promise<Begun | undefined> {
  const { printer, stop } = context;
  let progress: Progress | undefined;
  try {
    checkSavePlace(asked);
    const { settings, exchanges } = await resumed(asked, printer);
    const { server } = settings;
    if (server !== undefined) {
      progress = printer.progress(`Asking ${server.url}…`);
      return { settings, exchanges, model: await remoteResponder(server, settings, stop.signal) };
    }
    const loading = loadingLine(settings.model, printer);
    progress = loading;
    const core = await context.loadCore();
    const name = await chooseModel(core, settings, settings.load.modelsDir);
    const model = await core.loadModel(name, { ...settings.load, signal: stop.signal, onProgress: loading.told });
    progress.done();
    if (name !== settings.model) printer.notice(builtinNotice(settings, model.info.id));
    return { settings, exchanges, model: localResponder(model) };
  } catch (error) {
    progress?.done();
    if (error instanceof UsageError) throw error;
    if (!(stop.signal.aborted && isAbort(error))) {
      printer.fail(describeFailure(error, "load"));
      if (error instanceof Error && error.stack !== undefined) printer.detail(error.stack);
    }
    return undefined;
  } finally {
    progress?.done();
  }
}

function builtinNotice({ model }: ChatSettings, builtin: string): string {
  return (
    `${model} isn't installed, so the small built-in model (${builtin}) answers; get the real one (400 MB) with: ` +
    `izwi pull ${model}`
  );
}

async function converse(
  conversation: Conversation,
  model: Responder,
  settings: ChatSettings,
  context: CommandContext,
  voice: ChatVoice | undefined,
): Promise<ExitCode> {
  const { printer, stop, stdin } = context;
  const onTerminal = stdin.isTTY === true;
  const history = new InputHistory(onTerminal && settings.keepHistory ? historyFile(context.env) : undefined);
  const { colors } = printer;
  if (onTerminal) {
    printer.talk(`Chat mode with '${harmless(model.id)}'`);
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
    voice,
    modelText: harmless(model.about),
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
