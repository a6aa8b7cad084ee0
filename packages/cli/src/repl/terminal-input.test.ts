import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { InputHistory } from "./input-history.js";
import { TerminalInput } from "./terminal-input.js";

const up = "\u001b[A";
const pasted = (text: string) => `\u001b[200~${text}\u001b[201~`;

class Keyboard extends PassThrough {
  raw = false;

  setRawMode(raw: boolean): this {
    this.raw = raw;
    return this;
  }
}

let keyboard: Keyboard;
let screen: PassThrough & { columns?: number };
let history: InputHistory;
let input: TerminalInput;

beforeEach(() => {
  keyboard = new Keyboard();
  screen = new PassThrough();
  screen.columns = 80;
  history = new InputHistory();
  input = new TerminalInput({ keyboard, screen, history, prompt: "You: ", continuation: "... ", bracketedPaste: true });
});
afterEach(() => input.close());

const drawn = () => String(screen.read() ?? "");
const message = (text: string, literal = false) => ({ type: "message", text, literal });

describe("TerminalInput", () => {
  it("reads a line, with the prompt shown and the mode raw", async () => {
    const reading = input.read();
    expect(drawn()).toContain("You: ");
    expect(keyboard.raw).toBe(true);
    keyboard.write("hello\r");
    expect(await reading).toEqual(message("hello"));
  });

  it("edits: backspace, start of line, accents in pieces", async () => {
    const reading = input.read();
    keyboard.write("bellx\u007f\u0001\u001b[3~h\u0005o ");
    const accent = Buffer.from("é");
    keyboard.write(accent.subarray(0, 1));
    keyboard.write(accent.subarray(1));
    keyboard.write("\r");
    expect(await reading).toEqual(message("hello é"));
  });

  it("inserts a paste in the middle of a line, and takes a long one in little time", async () => {
    const middle = input.read();
    keyboard.write("one three");
    keyboard.write(`${"\u001b[D".repeat(5)}${pasted("two ")}\r`);
    expect(await middle).toEqual(message("one two three"));

    const long = "word ".repeat(20_000).trim();
    const started = Date.now();
    const reading = input.read();
    keyboard.write(`${pasted(long)}\r`);
    expect(await reading).toEqual(message(long));
    expect(Date.now() - started).toBeLessThan(2000);
  });

  it("keeps keys typed during an answer for the next prompts, undrawn until then", async () => {
    const first = input.read();
    keyboard.write("one\rtwo\rthr");
    expect(await first).toEqual(message("one"));
    drawn();
    keyboard.write("ee\r");
    await new Promise((resolve) => setImmediate(resolve));
    expect(drawn()).toBe("");
    expect(await input.read()).toEqual(message("two"));
    expect(await input.read()).toEqual(message("three"));
  });

  it("draws nothing while nobody reads, even when the window changes", async () => {
    const reading = input.read();
    keyboard.write("one\r");
    await reading;
    drawn();
    screen.emit("resize");
    expect(drawn()).toBe("");
  });

  it("gives Ctrl+C to the reader, dropping the line and what was begun", async () => {
    const reading = input.read();
    keyboard.write('"""half\rof it\u0003');
    expect(await reading).toEqual({ type: "interrupt" });
    const next = input.read();
    keyboard.write("hello\r");
    expect(await next).toEqual(message("hello"));
  });

  it("gives Ctrl+C to the handler during an answer, dropping what was typed before", async () => {
    let interrupts = 0;
    const release = input.onInterrupt(() => interrupts++);
    keyboard.write("typed ahead\r");
    keyboard.write("more\u0003hello\r");
    await new Promise((resolve) => setImmediate(resolve));
    expect(interrupts).toBe(1);
    release();
    keyboard.write("\u0003");
    await new Promise((resolve) => setImmediate(resolve));
    expect(interrupts).toBe(1);
  });

  it("ends on Ctrl+D in an empty line and at the keyboard's end", async () => {
    const reading = input.read();
    keyboard.write("\u0004");
    expect(await reading).toEqual({ type: "end" });
    const next = input.read();
    keyboard.end();
    expect(await next).toEqual({ type: "end" });
    expect(await input.read()).toEqual({ type: "end" });
  });

  it("takes several lines as one message: backslash, fences, a paste", async () => {
    const slashed = input.read();
    keyboard.write("one\\\r");
    keyboard.write("two\r");
    expect(await slashed).toEqual(message("one\ntwo", true));
    expect(drawn()).toContain("... ");

    const fenced = input.read();
    keyboard.write('"""\rone\rexit\r"""\r');
    expect(await fenced).toEqual(message("one\nexit", true));

    const paste = input.read();
    keyboard.write(pasted("exit\rquit\rlast"));
    keyboard.write(" words\r");
    expect(await paste).toEqual(message("exit\nquit\nlast words", true));

    const single = input.read();
    keyboard.write(pasted("clear"));
    keyboard.write("\r");
    expect(await single).toEqual(message("clear"));
  });

  it("offers the history with the arrow keys", async () => {
    history.add("first");
    history.add("second");
    const reading = input.read();
    keyboard.write(`${up}${up}\r`);
    expect(await reading).toEqual(message("first"));
  });

  it("gives the terminal back when closed", async () => {
    const reading = input.read();
    input.close();
    input.close();
    expect(await reading).toEqual({ type: "end" });
    expect(await input.read()).toEqual({ type: "end" });
    expect(keyboard.raw).toBe(false);
    expect(keyboard.isPaused()).toBe(true);
    expect(keyboard.listenerCount("data")).toBe(0);
    // Marking of pastes is switched off as often as on.
    const text = drawn();
    expect(text.split("\u001b[?2004h")).toHaveLength(text.split("\u001b[?2004l").length);
  });
});
