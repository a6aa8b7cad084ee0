import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { harmless, Printer, useColor } from "./printer.js";
import type { OutputStream } from "./printer.js";

function screen(isTTY: boolean) {
  const stream: PassThrough & OutputStream = new PassThrough();
  stream.isTTY = isTTY;
  return stream;
}

function printer(isTTY: boolean, flags: { quiet?: boolean; verbose?: boolean } = {}) {
  const stdout = screen(isTTY);
  const stderr = screen(isTTY);
  const made = new Printer({ stdout, stderr, env: {}, color: true, quiet: false, verbose: false, ...flags });
  const read = (stream: PassThrough) => String(stream.read() ?? "");
  return { printer: made, stdout, out: () => read(stdout), err: () => read(stderr) };
}

describe("useColor", () => {
  it.each([
    [true, {}, true, true],
    [false, {}, true, false],
    [true, {}, false, false],
    [true, { NO_COLOR: "1" }, true, false],
    [true, { NO_COLOR: "" }, true, true],
    [false, { FORCE_COLOR: "1" }, true, true],
    [true, { FORCE_COLOR: "0" }, true, false],
    [true, { NO_COLOR: "1", FORCE_COLOR: "1" }, true, false],
    [true, { FORCE_COLOR: "1" }, false, false],
    [true, { TERM: "dumb" }, true, false],
  ])("terminal %s, %j, flag %s: %s", (isTTY, env, flag, expected) => {
    expect(useColor(screen(isTTY), env, flag)).toBe(expected);
  });
});

describe("harmless", () => {
  it("takes out what a terminal would obey, and nothing else", () => {
    expect(harmless("a\u001b[31mred\u001b]0;title\u0007\u009b2J\r\b\u007f")).toBe("a[31mred]0;title2J");
    expect(harmless("line\n\ttab é 日本 🙂")).toBe("line\n\ttab é 日本 🙂");
  });
});

describe("Printer", () => {
  it("cleans data for a terminal and leaves it alone in a pipe", () => {
    const terminal = printer(true);
    terminal.printer.data("\u001b[2Jx");
    expect(terminal.out()).toBe("[2Jx");
    const pipe = printer(false);
    pipe.printer.data("\u001b[2Jx");
    expect(pipe.out()).toBe("\u001b[2Jx");
  });

  it("ends an open line once, and before talk on a terminal", () => {
    const { printer: terminal, out, err } = printer(true);
    terminal.data("answer");
    terminal.notice("notice");
    terminal.endLine();
    expect(out()).toBe("answer\n");
    expect(err()).toBe("notice\n");
  });

  it("does not break a line of data in a pipe for talk beside it", () => {
    const { printer: pipe, out } = printer(false);
    pipe.data("half");
    pipe.notice("notice");
    pipe.data(" whole");
    pipe.endLine();
    expect(out()).toBe("half whole\n");
  });

  it("is quiet and verbose when told", () => {
    const quiet = printer(false, { quiet: true });
    quiet.printer.talk("talk");
    quiet.printer.detail("detail");
    quiet.printer.notice("notice");
    quiet.printer.fail({ message: "broken", hint: "mend it" });
    expect(quiet.err()).toBe("notice\nerror: broken\nmend it\n");
    const verbose = printer(false, { verbose: true });
    verbose.printer.detail("detail");
    expect(verbose.err()).toBe("detail\n");
  });

  it("takes a reader that left as the end of work, and another failure as one", async () => {
    const left = printer(false);
    left.stdout.destroy(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
    await new Promise((resolve) => setImmediate(resolve));
    expect(left.printer.readerGone.aborted).toBe(true);
    expect(left.printer.writeError).toBeUndefined();
    left.printer.data("nobody reads this");
    await left.printer.flush();

    const full = printer(false);
    full.stdout.destroy(Object.assign(new Error("write ENOSPC"), { code: "ENOSPC" }));
    await new Promise((resolve) => setImmediate(resolve));
    expect(full.printer.writeError?.message).toBe("write ENOSPC");
  });

  it("draws progress only on a terminal and removes it", async () => {
    const pipe = printer(false);
    pipe.printer.progress("Loading…").done();
    expect(pipe.err()).toBe("");
    const terminal = printer(true);
    terminal.printer.progress("Loading…").done();
    expect(terminal.err()).toBe("\r⠋ Loading…\r\u001b[K");
    const short = terminal.printer.progress("Reading…", 30);
    short.done();
    const long = terminal.printer.progress("Reading…", 1);
    await new Promise((resolve) => setTimeout(resolve, 60));
    long.done();
    long.done();
    expect(terminal.err()).toBe("\r⠋ Reading…\r\u001b[K");
  });

  it("changes the text of progress, cut to the line, and leaves nothing of a longer one", async () => {
    const { printer: terminal, err } = printer(true);
    const progress = terminal.progress("A longer text");
    progress.update("x".repeat(500));
    await new Promise((resolve) => setTimeout(resolve, 150));
    progress.done();
    expect(err()).toContain(`\r⠙ ${"x".repeat(terminal.columns - 4)}\u001b[K`);
    expect(err()).not.toContain("x".repeat(terminal.columns - 3));
    printer(false).printer.progress("").update("nothing");
  });
});
