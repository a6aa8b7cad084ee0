import { abortError } from "../errors.js";
import { silence, trimSilence } from "./sound.js";
import { SpokenText } from "./spoken-text.js";
import type { Sound, Voice } from "./voice.js";

/** Heard between two sentences. */
const PAUSE_MS = 250;

/** Heard where a long first sentence was cut to be heard sooner. */
const CLAUSE_PAUSE_MS = 80;

/** Sentences that are made while one plays. */
const AHEAD = 2;

/** A first sentence that is longer than this isn't waited for as a whole. */
const LONG_START = 70;

export interface SpeechStreamOptions {
  /** 1 is the voice's own pace. */
  speed?: number | undefined;
  /** Ends the speech: what isn't said yet is dropped. */
  signal?: AbortSignal | undefined;
}

/** A sentence, or the beginning of a long one, with the pause before it. */
export interface SpokenSentence extends Sound {
  text: string;
}

interface Piece {
  text: string;
  pauseMs: number;
}

/**
 * Speaks a text that is still being written: `push` what comes, `end` it, and iterate over the sound meanwhile. A
 * sentence is made as soon as it is complete, two at most before they are taken. Markdown is read as a person would
 * read it.
 */
export class SpeechStream implements AsyncIterable<SpokenSentence> {
  readonly #voice: Voice;
  readonly #options: SpeechStreamOptions;
  readonly #text = new SpokenText();
  readonly #pieces: Piece[] = [];
  #ended = false;
  #begun = false;
  #wake: () => void = () => {};

  constructor(voice: Voice, options: SpeechStreamOptions = {}) {
    this.#voice = voice;
    this.#options = options;
    options.signal?.addEventListener("abort", () => this.#wake(), { once: true });
  }

  push(text: string): void {
    this.#add(this.#text.push(text));
  }

  end(): void {
    this.#add(this.#text.end());
    this.#ended = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SpokenSentence, void> {
    const { signal } = this.#options;
    const ahead: Promise<SpokenSentence>[] = [];
    for (;;) {
      if (signal?.aborted) throw abortError(signal);
      while (ahead.length < AHEAD && this.#pieces.length > 0) {
        const sound = this.#synthesize(this.#pieces.shift()!);
        // Whoever stops listening doesn't see how it ends.
        sound.catch(() => {});
        ahead.push(sound);
      }
      const next = ahead.shift();
      if (next !== undefined) {
        const sentence = await next;
        if (sentence.samples.length > 0) yield sentence;
      } else if (this.#ended) return;
      else await this.#arrival();
    }
  }

  #add(sentences: string[]): void {
    for (const sentence of sentences) {
      const clauses = this.#begun ? [sentence] : startOf(sentence);
      for (const [index, text] of clauses.entries()) {
        const pauseMs = index > 0 ? CLAUSE_PAUSE_MS : this.#begun ? PAUSE_MS : 0;
        this.#pieces.push({ text, pauseMs });
        this.#begun = true;
      }
    }
    if (sentences.length > 0) this.#wake();
  }

  #arrival(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  async #synthesize({ text, pauseMs }: Piece): Promise<SpokenSentence> {
    const sound = await this.#voice.synthesize(text, this.#options);
    const spoken = trimSilence(sound);
    if (spoken.length === 0) return { text, sampleRate: sound.sampleRate, samples: spoken };
    const pause = silence(sound.sampleRate, pauseMs);
    const samples = new Int16Array(pause.length + spoken.length);
    samples.set(spoken, pause.length);
    return { text, sampleRate: sound.sampleRate, samples };
  }
}

/** A long first sentence in two, at a comma, so that the sound begins while its rest is being made. */
function startOf(sentence: string): string[] {
  if (sentence.length <= LONG_START) return [sentence];
  const clause = /^.{15,70}?[,;:](?=\s)/.exec(sentence)?.[0] ?? /^.{30,60}(?=\s)/.exec(sentence)?.[0];
  return clause === undefined ? [sentence] : [clause, sentence.slice(clause.length).trimStart()];
}
