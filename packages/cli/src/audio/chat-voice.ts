/** The voice of a chat: loaded once, it speaks one answer after the other. */
import type { Voice } from "@izwi/core";
import type { CommandContext } from "../commands/context.js";
import type { Core } from "../core.js";
import { harmless } from "../printer.js";
import type { AudioTarget } from "./audio-output.js";
import { findPlayer, noPlayer, playerTarget } from "./player.js";
import { SpokenAnswer } from "./spoken-answer.js";
import { WavFile } from "./wav-file.js";

export interface ChatVoiceSettings {
  voice: string;
  /** The WAV file that takes the sound instead of a player. */
  voiceOut?: string;
}

export class ChatVoice {
  readonly #core: Core;
  readonly #voice: Voice;
  readonly #target: AudioTarget;
  readonly #context: CommandContext;
  #broken = false;

  constructor(core: Core, voice: Voice, target: AudioTarget, context: CommandContext) {
    this.#core = core;
    this.#voice = voice;
    this.#target = target;
    this.#context = context;
  }

  /** For one answer; undefined once the sound has failed, which was told then. */
  answer(signal: AbortSignal): SpokenAnswer | undefined {
    if (this.#broken) return undefined;
    return new SpokenAnswer({ core: this.#core, voice: this.#voice, target: this.#target, signal });
  }

  /** Waits until the answer was heard. A chat doesn't end because its sound does. */
  async finish(answer: SpokenAnswer | undefined): Promise<void> {
    try {
      await answer?.finish();
    } catch (error) {
      this.#broken = true;
      tellWhy(error, this.#context);
    }
  }

  async close(): Promise<void> {
    await this.#voice.close();
    try {
      await this.#target.close();
    } catch (error) {
      tellWhy(error, this.#context);
    }
  }
}

/** The voice, or undefined where there is no way to speak: why is told, and the chat goes on in text. */
export async function loadChatVoice(
  { voice: name, voiceOut }: ChatVoiceSettings,
  context: CommandContext,
): Promise<ChatVoice | undefined> {
  try {
    const player = voiceOut === undefined ? findPlayer(context.env) : undefined;
    if (voiceOut === undefined && player === undefined) throw new Error(`${noPlayer}--voice-out FILE.wav`);
    const core = await context.loadCore();
    const voice = await core.loadVoice(name, { signal: context.stop.signal });
    try {
      const target = player === undefined ? await WavFile.create(voiceOut!) : playerTarget(player);
      return new ChatVoice(core, voice, target, context);
    } catch (error) {
      await voice.close();
      throw error;
    }
  } catch (error) {
    if (!context.stop.signal.aborted) tellWhy(error, context);
    return undefined;
  }
}

function tellWhy(error: unknown, { printer }: CommandContext): void {
  printer.notice(`Answers are text only. ${harmless((error as Error).message)}`);
}
