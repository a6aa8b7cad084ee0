/** `izwi tts` as typed. */
import type { Command } from "commander";
import { addCommonOptions, nonEmpty, numberParser } from "./options.js";

export interface TtsFlags {
  /** Without it, the text is standard input. */
  text?: string;
  voice?: string;
  output?: string;
  play: boolean;
  speed?: number;
}

const speedRange = { integer: false, min: 0.25, max: 4 };

const afterTtsHelp = `
Without --output, the text is played. With no TEXT, standard input is spoken, while it comes. Markdown is read as a
person would read it: no code blocks, links by their text. IZWI_PLAYER names another player: a program that takes raw
16-bit samples by standard input ({rate} in it stands for the sample rate), or a WAV file as {file}.

Examples:
  izwi tts "Good morning!"
  izwi tts "Good morning!" --output morning.wav
  izwi tts --voice list
  izwi chat -p "Tell me a story" | izwi tts`;

export function addTts(program: Command, done: (flags: TtsFlags, command: Command) => void): void {
  const tts = program
    .command("tts")
    .alias("speak")
    .description("say a text aloud, or into a WAV file")
    .argument("[text...]", "what to say")
    .option("-o, --output <file>", "the WAV file to write", nonEmpty("--output"))
    .option("-p, --play", "also play it where --output is given")
    .option("-v, --voice <name>", "whose voice; 'list' lists them", nonEmpty("--voice"))
    .option("-r, --speed <number>", "from 0.25 to 4 times the usual pace", numberParser("--speed", speedRange))
    .addHelpText("after", afterTtsHelp);
  addCommonOptions(tts, "--verbose");
  tts.action((words: string[]) => {
    const { play = false, ...given } = tts.opts();
    const { voice, output, speed } = given;
    const named = Object.entries({ voice, output, speed }).filter(([, value]) => value !== undefined);
    const text = words.join(" ");
    done({ ...Object.fromEntries(named), play, ...(words.length > 0 && { text }) }, tts);
  });
}
