/**
 * Messages typed at a terminal, edited with node:readline. readline lives only while a message is being typed: during
 * an answer nothing of it may draw on the screen, Ctrl+C means "stop", and other keys wait for the next prompt.
 */
import { EventEmitter } from "node:events";
import { createInterface } from "node:readline";
import type { Interface, Key } from "node:readline";
import { StringDecoder } from "node:string_decoder";
import type { OutputStream } from "../printer.js";
import type { InputHistory } from "./input-history.js";
import { MessageAssembler } from "./message-assembler.js";
import type { Input, SessionInput } from "./session-input.js";

/** What is needed of `process.stdin`. */
export interface KeyboardStream extends NodeJS.ReadableStream {
  isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
}

export interface TerminalInputOptions {
  keyboard: KeyboardStream;
  screen: OutputStream;
  history: InputHistory;
  prompt: string;
  /** Before each further line of a message. */
  continuation: string;
  /** The terminal understands control sequences: mark pastes, so that one of several lines stays one message. */
  bracketedPaste: boolean;
}

const ctrlC = "\u0003";
const ctrlZ = "\u001a";
const pasteOn = "\u001b[?2004h";
const pasteOff = "\u001b[?2004l";

interface Read {
  keys: KeyEmitter;
  lines: Interface;
  pasting: boolean;
  resolve(input: Input): void;
}

export class TerminalInput implements SessionInput {
  readonly #options: TerminalInputOptions;
  readonly #assembler = new MessageAssembler();
  readonly #decoder = new StringDecoder("utf8");
  #read: Read | undefined;
  #interrupt: (() => void) | undefined;
  /** Keys that came while nobody read. */
  #typedAhead = "";
  #ended = false;
  #closed = false;

  constructor(options: TerminalInputOptions) {
    this.#options = options;
    const { keyboard } = options;
    keyboard.setRawMode?.(true);
    keyboard.on("data", this.#onData);
    keyboard.on("end", this.#onEnd);
    keyboard.on("error", this.#onEnd);
    keyboard.resume();
  }

  read(): Promise<Input> {
    return new Promise((resolve) => {
      if (this.#closed) return resolve({ type: "end" });
      this.#start(resolve);
      const keys = this.#typedAhead;
      this.#typedAhead = "";
      this.#deliver(keys);
      if (this.#ended) this.#finish({ type: "end" });
    });
  }

  onInterrupt(handler: () => void): () => void {
    this.#interrupt = handler;
    return () => {
      if (this.#interrupt === handler) this.#interrupt = undefined;
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#finish({ type: "end" });
    const { keyboard } = this.#options;
    keyboard.off("data", this.#onData);
    keyboard.off("end", this.#onEnd);
    keyboard.setRawMode?.(false);
    // A terminal that keeps flowing would keep the process alive.
    keyboard.pause();
  }

  #start(resolve: (input: Input) => void): void {
    const { screen, history, prompt, bracketedPaste } = this.#options;
    const keys = new KeyEmitter();
    const lines = createInterface({
      input: keys as unknown as NodeJS.ReadableStream,
      output: screen,
      terminal: true,
      history: [...history.entries],
      historySize: 1000,
      prompt,
    });
    const read: Read = { keys, lines, pasting: false, resolve };
    this.#read = read;
    keys.on("keypress", (_text: string | undefined, key: Key) => {
      if (key.name === "paste-start") read.pasting = true;
      if (key.name === "paste-end") read.pasting = false;
    });
    lines.on("line", (line) => this.#onLine(read, line));
    lines.on("SIGINT", () => this.#onCtrlC(read));
    lines.on("SIGTSTP", this.#suspend);
    lines.on("close", () => this.#finish({ type: "end" }));
    if (bracketedPaste) screen.write(pasteOn);
    lines.prompt();
  }

  #onLine(read: Read, line: string): void {
    const message = this.#assembler.push(line, read.pasting);
    if (message !== undefined) return this.#finish({ type: "message", ...message });
    read.lines.setPrompt(this.#options.continuation);
    read.lines.prompt();
  }

  #onCtrlC({ lines }: Read): void {
    this.#assembler.reset();
    // To the end, then delete to the start: the line that is left behind stays readable.
    lines.write(null, { ctrl: true, name: "e" });
    this.#options.screen.write("\r\n");
    this.#finish({ type: "interrupt" });
  }

  #finish(input: Input): void {
    const read = this.#read;
    if (read === undefined) return;
    this.#read = undefined;
    read.lines.close();
    if (this.#options.bracketedPaste) this.#options.screen.write(pasteOff);
    this.#assembler.reset();
    read.resolve(input);
  }

  /** Ctrl+Z, which the raw mode keeps from the system. */
  readonly #suspend = (): void => {
    if (process.platform === "win32") return;
    const { keyboard } = this.#options;
    keyboard.setRawMode?.(false);
    process.once("SIGCONT", () => {
      if (this.#closed) return;
      keyboard.setRawMode?.(true);
      this.#read?.lines.prompt(true);
    });
    process.kill(process.pid, "SIGTSTP");
  };

  readonly #onData = (chunk: Buffer | string): void => {
    this.#deliver(typeof chunk === "string" ? chunk : this.#decoder.write(chunk));
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    if (this.#read !== undefined) this.#finish({ type: "end" });
    else this.#interrupt?.();
  };

  /** Line by line, because the first line may complete the message, and the rest then belongs to the next. */
  #deliver(keys: string): void {
    for (const [piece] of keys.matchAll(/[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+/g)) {
      if (this.#read !== undefined) feed(this.#read, piece);
      else this.#deliverIdle(piece);
    }
  }

  #deliverIdle(piece: string): void {
    if (piece.includes(ctrlZ)) return this.#suspend();
    const parts = piece.split(ctrlC);
    // As a terminal does itself, Ctrl+C throws away what was typed before it.
    if (parts.length > 1) this.#typedAhead = "";
    this.#typedAhead += parts.at(-1);
    for (let pressed = 1; pressed < parts.length; pressed++) this.#interrupt?.();
  }
}

/** An escape sequence, a run of text, or a control character. */
// eslint-disable-next-line no-control-regex
const keyPattern = /\u001b(?:\[[0-9;]*[~A-Za-z]|O.|.)|[^\u0000-\u001f\u007f]+|[\u0000-\u001f\u007f]/gu;

/**
 * Gives keys to readline. It appends text that comes in one piece to the line, wherever the cursor is; so in the middle
 * of a line text goes in by characters, and only at its end by pieces, which is faster for long pastes.
 */
function feed({ keys, lines }: Read, text: string): void {
  for (const [token] of text.matchAll(keyPattern)) {
    const pieces = lines.cursor === lines.line.length || token.startsWith("\u001b") ? [token] : token;
    for (const piece of pieces) keys.emit("data", piece);
  }
}

/** The keyboard as one readline sees it: it gets only what #deliver gives it, and neither pauses nor switches the real one. */
class KeyEmitter extends EventEmitter {
  setRawMode(): this {
    return this;
  }

  pause(): this {
    return this;
  }

  resume(): this {
    return this;
  }
}
