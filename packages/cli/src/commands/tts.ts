/** `izwi tts`: says a text aloud, or into a WAV file, while the text still comes. */
import { StringDecoder } from "node:string_decoder";
import type { AudioTarget } from "../audio/audio-output.js";
import { findPlayer, noPlayer, playerTarget } from "../audio/player.js";
import { SpokenAnswer } from "../audio/spoken-answer.js";
import { WavFile } from "../audio/wav-file.js";
import type { OutputFormat } from "../args/options.js";
import type { TtsFlags } from "../args/tts.js";
import { ExitCode } from "../exit-code.js";
import { describeFailure, UsageError } from "../failure.js";
import { harmless } from "../printer.js";
import type { CommandContext } from "./context.js";
import { LIST_VOICES, voicesCommand } from "./voices.js";

export async function ttsCommand(
  settings: TtsFlags & { format: OutputFormat },
  context: CommandContext,
): Promise<ExitCode> {
  const { printer, stop } = context;
  if (settings.voice === LIST_VOICES) return voicesCommand(settings.format, context);
  if (settings.text === undefined && context.stdin.isTTY === true) {
    throw new UsageError('There is nothing to say. Give a text, izwi tts "Good morning!", or pipe one in.');
  }
  if (settings.text?.trim() === "") throw new UsageError("The text to say is empty.");
  const player = settings.output === undefined || settings.play ? findPlayer(context.env) : undefined;
  if (player === undefined && (settings.output === undefined || settings.play)) {
    printer.fail({ message: `${noPlayer}--output FILE.wav` });
    return ExitCode.failure;
  }
  try {
    const targets: AudioTarget[] = [];
    if (settings.output !== undefined) targets.push(await WavFile.create(settings.output));
    if (player !== undefined) targets.push(playerTarget(player));
    await speak(settings, bothOf(targets), context);
  } catch (error) {
    if (stop.signal.aborted) return stop.exitCode;
    printer.fail(describeFailure(error, "one-shot"));
    if (error instanceof Error && error.stack !== undefined) printer.detail(error.stack);
    return ExitCode.failure;
  }
  if (stop.signal.aborted) return stop.exitCode;
  if (settings.output !== undefined) printer.talk(`Written: ${harmless(settings.output)}`);
  return ExitCode.ok;
}

async function speak(settings: TtsFlags, target: AudioTarget, context: CommandContext): Promise<void> {
  const { signal } = context.stop;
  try {
    const core = await context.loadCore();
    const voice = await core.loadVoice(settings.voice ?? core.DEFAULT_VOICE, { signal });
    try {
      const answer = new SpokenAnswer({ core, voice, target, signal, speed: settings.speed });
      if (settings.text !== undefined) answer.say(settings.text);
      else for await (const text of piped(context)) answer.say(text);
      await answer.finish();
    } finally {
      await voice.close();
    }
  } finally {
    await target.close();
  }
}

/** Standard input, as it comes, until it ends or the program is stopped. */
async function* piped({ stdin, stop }: CommandContext): AsyncGenerator<string> {
  const decoder = new StringDecoder("utf8");
  const leave = () => void (stdin as unknown as { destroy?(): void }).destroy?.();
  stop.signal.addEventListener("abort", leave, { once: true });
  try {
    for await (const chunk of stdin) yield typeof chunk === "string" ? chunk : decoder.write(chunk);
    yield decoder.end();
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    stop.signal.removeEventListener("abort", leave);
  }
}

/** The same sound at several places. */
function bothOf(targets: AudioTarget[]): AudioTarget {
  return {
    async open(sampleRate) {
      const outputs = await Promise.all(targets.map((target) => target.open(sampleRate)));
      return {
        write: async (bytes) => void (await Promise.all(outputs.map((output) => output.write(bytes)))),
        end: async () => void (await Promise.all(outputs.map((output) => output.end()))),
        stop: () => outputs.forEach((output) => output.stop()),
      };
    },
    close: async () => void (await Promise.all(targets.map((target) => target.close()))),
  };
}
