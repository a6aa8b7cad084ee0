/** What there is to hear in a WAV file. */
export interface Heard {
  sampleRate: number;
  seconds: number;
  /** Root mean square of the loud parts, 0 to 1. */
  loudness: number;
  /** Silences of more than 150 ms between loud parts. */
  pauses: number;
}

/** Listens to a file of one channel and 16 bits; throws for another. */
export function listen(wav: Buffer): Heard {
  if (wav.toString("latin1", 0, 4) !== "RIFF" || wav.toString("latin1", 8, 16) !== "WAVEfmt ")
    throw new Error("no WAV");
  if (wav.readUInt16LE(22) !== 1 || wav.readUInt16LE(34) !== 16) throw new Error("not one channel of 16 bits");
  const sampleRate = wav.readUInt32LE(24);
  const samples = Array.from({ length: (wav.length - 44) >> 1 }, (_, i) => wav.readInt16LE(44 + 2 * i) / 32_768);
  const windowLength = Math.round(sampleRate / 50);
  const levels: number[] = [];
  for (let at = 0; at + windowLength <= samples.length; at += windowLength) {
    const window = samples.slice(at, at + windowLength);
    levels.push(Math.sqrt(window.reduce((sum, value) => sum + value * value, 0) / windowLength));
  }
  const loud = levels.filter((level) => level > 0.01);
  const inside = levels.slice(
    levels.findIndex((level) => level > 0.01),
    levels.findLastIndex((level) => level > 0.01) + 1,
  );
  const silences = inside.map((level) => (level > 0.003 ? " " : "_")).join("");
  return {
    sampleRate,
    seconds: samples.length / sampleRate,
    loudness: Math.sqrt(loud.reduce((sum, level) => sum + level * level, 0) / Math.max(1, loud.length)),
    pauses: (silences.match(/_{8,}/g) ?? []).length,
  };
}
