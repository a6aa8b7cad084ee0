/** One prompt, one answer: `izwi chat --prompt …`, or a prompt from a pipe. */
import { text } from "node:stream/consumers";
import { AnswerView } from "../answer-view.js";
import type { ChatVoice } from "../audio/chat-voice.js";
import type { Answer, Conversation } from "../conversation.js";
import type { Responder } from "../responder.js";
import { ExitCode } from "../exit-code.js";
import { describeFailure, UsageError } from "../failure.js";
import { structured } from "../output/result.js";
import type { ChatMode, ChatSettings } from "../settings.js";
import { formatStats } from "../stats.js";
import type { CommandContext } from "./context.js";

type OneShot = Extract<ChatMode, { kind: "one-shot" }>;

/** After this long without the input's end, say what we are waiting for. */
const waitingNoticeMs = 3000;

/** The prompt: what `--prompt` says, then what is piped in, a blank line between them. */
export async function readPrompt(mode: OneShot, context: CommandContext): Promise<string> {
  const piped = mode.readStdin ? await readAll(context) : "";
  const parts = [mode.prompt ?? "", piped].map((part) => part.trim()).filter((part) => part !== "");
  if (parts.length === 0 && !context.stop.signal.aborted) {
    throw new UsageError("There is nothing to answer: standard input was empty. Give a --prompt, or pipe one in.");
  }
  return parts.join("\n\n");
}

async function readAll({ stdin, printer, stop }: CommandContext): Promise<string> {
  const notice = setTimeout(
    () => printer.talk("Waiting for the end of standard input (give it with < /dev/null if there is none)…"),
    waitingNoticeMs,
  );
  notice.unref();
  let release = () => {};
  const stopped = new Promise<string>((resolve) => {
    release = () => resolve("");
    stop.signal.addEventListener("abort", release, { once: true });
  });
  try {
    return await Promise.race([text(stdin), stopped]);
  } catch (error) {
    throw new Error(`Standard input can't be read: ${(error as Error).message}`, { cause: error });
  } finally {
    clearTimeout(notice);
    stop.signal.removeEventListener("abort", release);
    stdin.pause();
  }
}

export async function answerOnce(
  conversation: Conversation,
  model: Pick<Responder, "id">,
  prompt: string,
  settings: ChatSettings,
  { printer, stop }: CommandContext,
  voice?: ChatVoice,
): Promise<ExitCode> {
  const format = settings.mode.kind === "one-shot" ? settings.mode.format : "plain";
  const forPrograms = format === "json" || format === "yaml";
  const view = new AnswerView(printer, "");
  const signal = AbortSignal.any([stop.signal, printer.readerGone]);
  const spoken = voice?.answer(signal);
  let answer: Answer;
  try {
    answer = await conversation.ask(prompt, signal, (event) => {
      if (!forPrograms) view.show(event);
      if (event.type === "text-delta") spoken?.say(event.text);
    });
  } catch (error) {
    spoken?.stop();
    view.finish();
    printer.fail(describeFailure(error, "one-shot"));
    if (error instanceof Error && error.stack !== undefined) printer.detail(error.stack);
    return ExitCode.failure;
  }
  view.finish();
  await voice?.finish(spoken);
  if (stop.signal.aborted) return stop.exitCode;
  const { end } = answer;
  if (end === undefined) return ExitCode.ok;
  printer.data(structured(format, wholeAnswer(model, answer, end)) ?? "");
  if (end.finishReason === "length") printer.talk("The answer was cut: it reached --max-tokens or the context's end.");
  if (settings.stats) printer.notice(formatStats(end));
  return ExitCode.ok;
}

function wholeAnswer({ id }: Pick<Responder, "id">, answer: Answer, end: NonNullable<Answer["end"]>) {
  return {
    model: id,
    content: answer.content,
    reasoning: answer.reasoning === "" ? null : answer.reasoning,
    finishReason: end.finishReason,
    ...(end.stopString !== undefined && { stopString: end.stopString }),
    usage: end.usage,
    timings: end.timings,
  };
}
