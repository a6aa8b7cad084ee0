/** Voices of the system's own programs, where it has any: espeak-ng, macOS's say, Windows' SAPI. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { closedError } from "../errors.js";
import { findProgram, outputOf } from "./spawned.js";
import type { Sound, SynthesisOptions, Voice, VoiceInfo } from "./voice.js";
import { parseWav } from "./wav.js";

/** One program that speaks. */
interface SystemEngine {
  /** Its voices' ids begin with it: `espeak:de`. */
  name: string;
  /** The program, where the system has it. */
  find(): string | undefined;
  list(program: string): Promise<VoiceInfo[]>;
  speak(program: string, voice: string, text: string, options: SynthesisOptions): Promise<Uint8Array>;
}

const info = (engine: string, voice: string, language: string, description: string): VoiceInfo => ({
  id: `${engine}:${voice}`,
  engine,
  language,
  description,
  isDefault: false,
});

const espeak: SystemEngine = {
  name: "espeak",
  find: () => findProgram("espeak-ng") ?? findProgram("espeak"),
  async list(program) {
    const lines = (await outputOf(program, ["--voices"])).toString().split("\n").slice(1);
    return lines.flatMap((line) => {
      // Priority, language, age and gender, name, file.
      const [, language, , name] = line.trim().split(/\s+/);
      if (language === undefined || name === undefined) return [];
      return [info("espeak", language, language, `eSpeak, ${name.replaceAll("_", " ")}`)];
    });
  },
  speak: (program, voice, text, { speed = 1, signal }) =>
    outputOf(program, ["-v", voice, "-s", String(Math.round(175 * speed)), "--stdin", "--stdout"], {
      input: text,
      signal,
    }),
};

const say: SystemEngine = {
  name: "say",
  find: () => (process.platform === "darwin" ? findProgram("say") : undefined),
  async list(program) {
    const lines = (await outputOf(program, ["-v", "?"])).toString().split("\n");
    return lines.flatMap((line) => {
      const [, name, language] = /^(.+?)\s{2,}([a-z]{2,3}[_-]\S+)\s/.exec(line) ?? [];
      if (name === undefined || language === undefined) return [];
      return [info("say", name, language.replace("_", "-"), `macOS, ${name}`)];
    });
  },
  speak: (program, voice, text, { speed = 1, signal }) =>
    throughFile((file) =>
      outputOf(
        program,
        [
          "-v",
          voice,
          "-r",
          String(Math.round(175 * speed)),
          "--file-format=WAVE",
          "--data-format=LEI16@22050",
          "-o",
          file,
        ],
        { input: text, signal },
      ),
    ),
};

/** The text comes by standard input and the rest by variables of the script, never as a part of its code. */
const sapiScript = (voice: string, rate: number, file: string) => `
[Console]::InputEncoding = [Text.Encoding]::UTF8
Add-Type -AssemblyName System.Speech
$speech = New-Object System.Speech.Synthesis.SpeechSynthesizer
$speech.SelectVoice(${quoted(voice)})
$speech.Rate = ${rate}
$speech.SetOutputToWaveFile(${quoted(file)})
$speech.Speak([Console]::In.ReadToEnd())
$speech.Dispose()`;

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

const sapi: SystemEngine = {
  name: "sapi",
  find: () => (process.platform === "win32" ? findProgram("powershell") : undefined),
  async list(program) {
    const script = `Add-Type -AssemblyName System.Speech
(New-Object System.Speech.Synthesis.SpeechSynthesizer).GetInstalledVoices() |
  ForEach-Object { $_.VoiceInfo.Name + "|" + $_.VoiceInfo.Culture.Name }`;
    const lines = (await powershell(program, script, {})).toString().split(/\r?\n/);
    return lines.flatMap((line) => {
      const [name, language] = line.split("|");
      return name && language ? [info("sapi", name, language, `Windows, ${name}`)] : [];
    });
  },
  speak: (program, voice, text, { speed = 1, signal }) =>
    throughFile((file) =>
      // From -10 to 10, where 10 is three times as fast.
      powershell(
        program,
        sapiScript(voice, Math.round(Math.max(-10, Math.min(10, 10 * (Math.log(speed) / Math.log(3))))), file),
        {
          input: text,
          signal,
        },
      ),
    ),
};

function powershell(program: string, script: string, options: { input?: string; signal?: AbortSignal | undefined }) {
  const encoded = Buffer.from(script, "utf16le").toString("base64");
  return outputOf(program, ["-NoProfile", "-NonInteractive", "-EncodedCommand", encoded], options);
}

async function throughFile(write: (file: string) => Promise<unknown>): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), "izwi-voice-"));
  try {
    const file = join(folder, "speech.wav");
    await write(file);
    return await readFile(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const ENGINES = [espeak, say, sapi];

/** The voices of every such program that the system has. One that fails to tell has none. */
export async function systemVoices(): Promise<VoiceInfo[]> {
  const lists = ENGINES.map(async ({ find, list }) => {
    const program = find();
    return program === undefined ? [] : list(program).catch(() => []);
  });
  return (await Promise.all(lists)).flat();
}

export class SystemVoice implements Voice {
  readonly info: VoiceInfo;
  readonly #engine: SystemEngine;
  readonly #program: string;
  readonly #closing = new AbortController();
  /** The text before: one speaks after the other. */
  #last: Promise<unknown> = Promise.resolve();

  /** `info` is one of {@link systemVoices}. */
  constructor(info: VoiceInfo) {
    this.info = info;
    this.#engine = ENGINES.find(({ name }) => name === info.engine)!;
    this.#program = this.#engine.find()!;
  }

  synthesize(text: string, options: SynthesisOptions = {}): Promise<Sound> {
    const signal = AbortSignal.any([this.#closing.signal, ...(options.signal ? [options.signal] : [])]);
    const voice = this.info.id.slice(this.info.engine.length + 1);
    const sound = this.#last.then(async () => {
      if (this.#closing.signal.aborted) throw closedError();
      return parseWav(await this.#engine.speak(this.#program, voice, text, { ...options, signal }));
    });
    this.#last = sound.catch(() => {});
    return sound;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#last;
  }
}
