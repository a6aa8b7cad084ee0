/**
 * The only writer of standard output and standard error. Standard output is data: the answer, a list, JSON. Standard
 * error is talk: notices, thinking, statistics, mistakes. So a pipe gets the answer and nothing else.
 */
import pc from "picocolors";
import type { Failure } from "./failure.js";
import type { Environment } from "./sources.js";

/** What the printer needs of a stream; `process.stdout` has it, and so has a PassThrough in a test. */
export interface OutputStream extends NodeJS.WritableStream {
  isTTY?: boolean;
  columns?: number;
}

export interface PrinterOptions {
  stdout: OutputStream;
  stderr: OutputStream;
  env: Environment;
  /** false = --no-color */
  color: boolean;
  quiet: boolean;
  verbose: boolean;
}

export interface Progress {
  /** Shows another text from now on. */
  update(text: string): void;
  /** Takes the line away. May be called again. */
  done(): void;
}

export type Colors = ReturnType<typeof pc.createColors>;

export class Printer {
  readonly #stdout: OutputStream;
  readonly #stderr: OutputStream;
  readonly #quiet: boolean;
  readonly #verbose: boolean;
  /** A terminal that can't erase. */
  readonly #dumb: boolean;
  readonly #readerGone = new AbortController();
  /** The cursor of the terminal, or of the data in a pipe, stands after text in its line. */
  #midLine = false;
  #failed: Error | undefined;
  /** For text on standard error. */
  readonly colors: Colors;

  constructor(options: PrinterOptions) {
    this.#stdout = options.stdout;
    this.#stderr = options.stderr;
    this.#quiet = options.quiet;
    this.#verbose = options.verbose;
    this.#dumb = options.env["TERM"] === "dumb";
    this.colors = pc.createColors(useColor(options.stderr, options.env, options.color));
    // A reader that leaves (`| head`) is no failure: stop working and end quietly.
    this.#stdout.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") this.#failed ??= error;
      this.#readerGone.abort();
    });
    this.#stderr.on("error", () => {});
  }

  /** Aborted once nobody reads standard output any more. */
  get readerGone(): AbortSignal {
    return this.#readerGone.signal;
  }

  /** Why standard output can't be written (a full disk, say); undefined when its reader just left. */
  get writeError(): Error | undefined {
    return this.#failed;
  }

  get stderrIsTerminal(): boolean {
    return this.#stderr.isTTY === true;
  }

  /** How wide the terminal of standard error is. */
  get columns(): number {
    return this.#stderr.columns ?? 80;
  }

  /** `progress` shows something: there is a terminal that can erase, and nobody asked for quiet. */
  get drawsProgress(): boolean {
    return !this.#quiet && this.stderrIsTerminal && !this.#dumb;
  }

  /** The stream in which a person edits lines: wherever the terminal is, preferring the one that isn't data. */
  get terminal(): OutputStream {
    return this.#stderr.isTTY || !this.#stdout.isTTY ? this.#stderr : this.#stdout;
  }

  /** Data, as it comes. On a terminal, control characters in it can do no harm. */
  data(text: string): void {
    if (text === "" || this.readerGone.aborted) return;
    this.#stdout.write(this.#stdout.isTTY ? harmless(text) : text);
    this.#midLine = !text.endsWith("\n");
  }

  /** Ends a line that was begun, so that what follows starts at the left. */
  endLine(): void {
    if (!this.#midLine) return;
    this.#midLine = false;
    if (!this.readerGone.aborted) this.#stdout.write("\n");
  }

  /** A line of talk; `--quiet` leaves it out. */
  talk(line: string): void {
    if (!this.#quiet) this.#line(line);
  }

  /** A line that somebody asked for (`--stats`, a command's reply) or must know: `--quiet` doesn't hide it. */
  notice(line: string): void {
    this.#line(line);
  }

  /** A line for `--verbose`. */
  detail(line: string): void {
    if (this.#verbose) this.#line(this.colors.dim(harmless(line)));
  }

  fail(failure: Failure): void {
    // A message may quote a file's content or name.
    this.#line(`${this.colors.red("error:")} ${harmless(failure.message)}`);
    if (failure.hint !== undefined) this.#line(failure.hint);
  }

  /** Talk without a line's end: a label, thinking. Only for terminals. */
  aside(text: string): void {
    this.#stderr.write(text);
  }

  /** Begins a terminal's screen anew, for a view that is shown again and again; nothing in a pipe. */
  clearScreen(): void {
    if (this.#stdout.isTTY && !this.#dumb) this.#stdout.write("\u001b[H\u001b[2J");
  }

  /** Already formatted text, such as help. */
  verbatim(stdout: string, stderr: string): void {
    if (stdout !== "") this.#stdout.write(stdout);
    if (stderr !== "") this.#stderr.write(stderr);
  }

  /**
   * "Loading…" with a moving sign while it lasts, from `afterMs` on; nothing at all where no terminal shows it. Until
   * `done`, nothing else may be written.
   */
  progress(text: string, afterMs = 0): Progress {
    if (!this.drawsProgress) return { update: () => {}, done: () => {} };
    // Longer than the line, it would wrap, and the erasing below would miss its first part.
    const fitting = (text: string) => text.slice(0, Math.max(10, this.columns - 4));
    let shown = fitting(text);
    let eraseRest = "";
    let frame = 0;
    const draw = () => void this.#stderr.write(`\r${frames[frame++ % frames.length]} ${shown}${eraseRest}`);
    if (afterMs === 0) draw();
    let timer = setTimeout(() => {
      draw();
      timer = setInterval(draw, 100);
    }, afterMs);
    return {
      update: (text) => {
        shown = fitting(text);
        eraseRest = "\u001b[K";
      },
      done: () => {
        clearInterval(timer);
        if (frame > 0) this.#stderr.write("\r\u001b[K");
        frame = 0;
      },
    };
  }

  /** Resolves when all that was written has been handed to the system. */
  async flush(): Promise<void> {
    await Promise.all([flushed(this.#stdout), flushed(this.#stderr)]);
  }

  #line(line: string): void {
    // On one terminal both streams share the cursor; a notice must not continue the answer's line.
    if (this.#stdout.isTTY) this.endLine();
    this.#stderr.write(`${line}\n`);
  }
}

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/**
 * Takes the control characters out of text that a terminal would obey (colours, cursor moves, titles, clipboard),
 * except newline and tab: a model's answer, or a file's name, must not drive the terminal.
 */
export function harmless(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");
}

/** --no-color, then NO_COLOR, then FORCE_COLOR, then whether a terminal that has colours is there. */
export function useColor(stream: OutputStream, env: Environment, flag: boolean): boolean {
  if (!flag || (env["NO_COLOR"] ?? "") !== "") return false;
  const forced = env["FORCE_COLOR"] ?? "";
  if (forced !== "") return forced !== "0" && forced !== "false";
  return stream.isTTY === true && env["TERM"] !== "dumb";
}

function flushed(stream: OutputStream): Promise<void> {
  return new Promise((resolve) => {
    if (!stream.writable) resolve();
    else stream.write("", () => resolve());
  });
}
