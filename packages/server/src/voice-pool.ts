import { listVoices, loadVoice, type Voice, type VoiceInfo } from "@izwi/core";

/** Where the server's voices come from. */
export interface VoiceSource {
  list(): Promise<VoiceInfo[]>;
  load(name: string): Promise<Voice>;
}

/** A voice in use; it isn't closed before it was released. */
export interface VoiceLease {
  readonly voice: Voice;
  /** Idempotent. */
  release(): void;
}

const CORE_VOICES: VoiceSource = { list: listVoices, load: loadVoice };

/** Voices are loaded when first asked for, and the last few kept. */
const MOST_KEPT = 2;

interface Kept {
  voice: Promise<Voice>;
  users: number;
}

export class VoicePool {
  readonly #source: VoiceSource;
  /** The one asked for last is the last. */
  readonly #kept = new Map<string, Kept>();

  constructor(source: VoiceSource = CORE_VOICES) {
    this.#source = source;
  }

  list(): Promise<VoiceInfo[]> {
    return this.#source.list();
  }

  async acquire(name: string): Promise<VoiceLease> {
    const id = name.toLowerCase();
    const kept = this.#kept.get(id) ?? { voice: this.#source.load(name), users: 0 };
    this.#kept.delete(id);
    this.#kept.set(id, kept);
    kept.users++;
    let released = false;
    const release = () => {
      if (released) return;
      released = true;
      kept.users--;
      this.#closeUnused();
    };
    try {
      return { voice: await kept.voice, release };
    } catch (error) {
      if (this.#kept.get(id) === kept) this.#kept.delete(id);
      throw error;
    }
  }

  /** Closes those that nobody uses beyond the few that are kept, the longest unused first. */
  #closeUnused(): void {
    for (const [id, kept] of this.#kept) {
      if (this.#kept.size <= MOST_KEPT) return;
      if (kept.users > 0) continue;
      this.#kept.delete(id);
      void kept.voice.then((voice) => voice.close()).catch(() => {});
    }
  }
}
