/** What every voice has, whatever makes its sound: a program of the system, Flite, or a neural model. */

/** A voice that can be had on this machine. */
export interface VoiceInfo {
  /** What to ask for it by, such as `slt` or `espeak:de`. */
  id: string;
  /** What makes the sound, such as `flite`. */
  engine: string;
  /** The languages' tags, such as `en-US`. */
  language: string;
  description: string;
  /** The voice that `default` stands for. */
  isDefault: boolean;
}

export interface SynthesisOptions {
  /** 1 is the voice's own pace, 2 twice as fast. From 0.25 to 4. Default: 1. */
  speed?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** A loaded voice. Texts are spoken one after the other, in the order of the calls. */
export interface Voice {
  readonly info: VoiceInfo;
  /**
   * The text as sound: one channel, signed 16 bits. Empty where the voice can't say anything of it, because it is in
   * a script that the voice doesn't know, say.
   */
  synthesize(text: string, options?: SynthesisOptions): Promise<Sound>;
  /** Ends what is under way. Idempotent. */
  close(): Promise<void>;
}

/** Sound in memory: one channel. */
export interface Sound {
  sampleRate: number;
  samples: Int16Array;
}

/** The range of `speed`, as OpenAI has it. */
export const SPEED_RANGE = { min: 0.25, max: 4 } as const;
