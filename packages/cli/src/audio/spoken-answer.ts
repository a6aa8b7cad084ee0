/** One answer, spoken while it is written. */
import type { SpeechStream, Voice } from "@izwi/core";
import type { Core } from "../core.js";
import type { AudioOutput, AudioTarget } from "./audio-output.js";

export interface SpokenAnswerOptions {
  core: Pick<Core, "SpeechStream" | "toBytes">;
  voice: Voice;
  target: AudioTarget;
  /** Silences it. */
  signal: AbortSignal;
  speed?: number | undefined;
}

export class SpokenAnswer {
  readonly #options: SpokenAnswerOptions;
  readonly #stream: SpeechStream;
  readonly #running: Promise<void>;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;

  constructor(options: SpokenAnswerOptions) {
    this.#options = options;
    const { core, voice, speed } = options;
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal]);
    this.#stream = new core.SpeechStream(voice, { speed, signal: this.#signal });
    this.#running = this.#run();
    // What fails is told by finish().
    this.#running.catch(() => {});
  }

  /** More of the answer. */
  say(text: string): void {
    this.#stream.push(text);
  }

  /** Resolves when all of it was heard, or was silenced; rejects where it can't be spoken. */
  async finish(): Promise<void> {
    this.#stream.end();
    await this.#running;
  }

  /** Silence, now. */
  stop(): void {
    this.#stop.abort();
  }

  async #run(): Promise<void> {
    const { core, target } = this.#options;
    let output: AudioOutput | undefined;
    const silence = () => output?.stop();
    this.#signal.addEventListener("abort", silence, { once: true });
    const silenced = new Promise<void>((resolve) => {
      this.#signal.addEventListener("abort", () => resolve(), { once: true });
    });
    try {
      for await (const { samples, sampleRate } of this.#stream) {
        output ??= await target.open(sampleRate);
        if (this.#signal.aborted) break;
        await Promise.race([output.write(core.toBytes(samples)), silenced]);
      }
      if (!this.#signal.aborted) await Promise.race([output?.end(), silenced]);
    } catch (error) {
      if (!this.#signal.aborted) throw error;
    } finally {
      if (this.#signal.aborted) output?.stop();
      this.#signal.removeEventListener("abort", silence);
    }
  }
}
