/** Playing sound by a program of the system: no platform has a way that needs none. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { UsageError } from "../failure.js";
import type { Environment } from "../sources.js";
import type { AudioOutput, AudioTarget } from "./audio-output.js";

/** A program and its arguments; `{rate}` stands for the sample rate, `{file}` for a WAV file. */
export interface PlayerCommand {
  program: string;
  args: string[];
}

/** In the order in which they are tried. Those without `{file}` take raw samples by standard input. */
const linuxPlayers: PlayerCommand[] = [
  { program: "paplay", args: ["--raw", "--format=s16le", "--channels=1", "--rate={rate}"] },
  // It took no raw samples by standard input for long.
  { program: "pw-play", args: ["{file}"] },
  { program: "aplay", args: ["-q", "-t", "raw", "-f", "S16_LE", "-c", "1", "-r", "{rate}", "-"] },
];

const anywherePlayers: PlayerCommand[] = [
  {
    program: "ffplay",
    args: ["-nodisp", "-autoexit", "-loglevel", "error", "-f", "s16le", "-ar", "{rate}", "-i", "-"],
  },
  { program: "play", args: ["-q", "-t", "raw", "-e", "signed", "-b", "16", "-c", "1", "-r", "{rate}", "-"] },
];

const players: Partial<Record<NodeJS.Platform, PlayerCommand[]>> = {
  darwin: [{ program: "afplay", args: ["{file}"] }],
  win32: [
    {
      program: "powershell",
      args: ["-NoProfile", "-NonInteractive", "-Command", "(New-Object Media.SoundPlayer '{file}').PlaySync()"],
    },
  ],
};

export const noPlayer =
  "No program that plays sound was found (paplay, pw-play, aplay, ffplay or play). Install one, name one in " +
  "IZWI_PLAYER, or have the sound in a file: ";

/** The player to use: the one that IZWI_PLAYER names, else the first that the system has. */
export function findPlayer(env: Environment, platform: NodeJS.Platform = process.platform): PlayerCommand | undefined {
  const named = (env["IZWI_PLAYER"] ?? "").trim();
  if (named !== "") return parseCommand(named);
  const candidates = [...(players[platform] ?? linuxPlayers), ...anywherePlayers];
  return candidates.find(({ program }) => isInstalled(program, env, platform));
}

/** Words, with quotes around those that have spaces. No shell takes part. */
function parseCommand(text: string): PlayerCommand {
  const words = [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? "");
  const [program, ...args] = words;
  if (program === undefined || program === "") throw new UsageError("IZWI_PLAYER must name a program.");
  return { program, args };
}

function isInstalled(program: string, env: Environment, platform: NodeJS.Platform): boolean {
  const folders = (env["PATH"] ?? env["Path"] ?? "").split(path.delimiter).filter((folder) => folder !== "");
  const ending = platform === "win32" ? ".exe" : "";
  return folders.some((folder) => {
    try {
      accessSync(path.join(folder, program + ending), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export function playerTarget(command: PlayerCommand): AudioTarget {
  const takesFiles = command.args.some((arg) => arg.includes("{file}"));
  return {
    open: async (rate) => (takesFiles ? new FilePlayer(command, rate) : new StreamPlayer(command, rate)),
    close: async () => {},
  };
}

/** One run of the program; fails where the program does. */
class PlayerRun {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
  #stopped = false;

  constructor({ program, args }: PlayerCommand, values: { rate: number; file?: string }) {
    const filled = args.map((arg) =>
      arg.replaceAll("{rate}", String(values.rate)).replaceAll("{file}", values.file ?? ""),
    );
    this.child = spawn(program, filled, { stdio: ["pipe", "ignore", "pipe"], windowsHide: true });
    let complaint = "";
    this.child.stderr!.setEncoding("utf8").on("data", (text: string) => (complaint = (complaint + text).slice(-300)));
    // A player that ends early doesn't read the rest; its exit code says why.
    this.child.stdin!.on("error", () => {});
    this.ended = new Promise((resolve, reject) => {
      this.child.on("error", (error) => reject(new Error(`${program} can't be started: ${error.message}`)));
      this.child.on("close", (code) => {
        if (this.#stopped || code === 0) return resolve();
        reject(new Error(`${program} can't play (exit code ${code}). ${complaint.trim()}`.trim()));
      });
    });
    this.ended.catch(() => {});
  }

  stop(): void {
    this.#stopped = true;
    // Asked politely, some players play what they hold to its end.
    this.child.kill("SIGKILL");
  }
}

/** One program for a whole answer, which gets the samples as they come. */
class StreamPlayer implements AudioOutput {
  readonly #run: PlayerRun;

  constructor(command: PlayerCommand, rate: number) {
    this.#run = new PlayerRun(command, { rate });
  }

  async write(bytes: Buffer): Promise<void> {
    const { stdin } = this.#run.child;
    if (stdin!.write(bytes)) return;
    const drained = new Promise<void>((resolve) => {
      stdin!.once("drain", resolve);
    });
    await Promise.race([drained, this.#run.ended]);
  }

  async end(): Promise<void> {
    this.#run.child.stdin!.end();
    await this.#run.ended;
  }

  stop(): void {
    this.#run.stop();
  }
}

/** A program for each sentence, which plays a file. The next is written while one plays. */
class FilePlayer implements AudioOutput {
  readonly #command: PlayerCommand;
  readonly #rate: number;
  #playing: Promise<void> = Promise.resolve();
  #run: PlayerRun | undefined;
  #stopped = false;

  constructor(command: PlayerCommand, rate: number) {
    this.#command = command;
    this.#rate = rate;
  }

  async write(bytes: Buffer): Promise<void> {
    const before = this.#playing;
    this.#playing = before.then(() => this.#play(bytes));
    this.#playing.catch(() => {});
    await before;
  }

  end(): Promise<void> {
    return this.#playing;
  }

  stop(): void {
    this.#stopped = true;
    this.#run?.stop();
  }

  async #play(bytes: Buffer): Promise<void> {
    if (this.#stopped) return;
    const { wavHeader } = await import("@izwi/core");
    const folder = await mkdtemp(path.join(tmpdir(), "izwi-audio-"));
    try {
      const file = path.join(folder, "speech.wav");
      await writeFile(file, Buffer.concat([wavHeader(this.#rate, bytes.length), bytes]));
      if (this.#stopped) return;
      this.#run = new PlayerRun(this.#command, { rate: this.#rate, file });
      this.#run.child.stdin!.end();
      await this.#run.ended;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}
