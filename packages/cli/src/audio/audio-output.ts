/** Where sound goes: to the loudspeaker or to a file. */
export interface AudioOutput {
  /** Samples of 16 bits, one channel. Resolves when more is welcome. */
  write(bytes: Buffer): Promise<void>;
  /** Resolves when all of it was heard, or is in the file. */
  end(): Promise<void>;
  /** Silence, now. */
  stop(): void;
}

/** Opens an output for each answer that is spoken. */
export interface AudioTarget {
  open(sampleRate: number): Promise<AudioOutput>;
  close(): Promise<void>;
}
