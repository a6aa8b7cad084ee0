/** A conversation at a prompt: read a line, do what it says, until the person leaves. No error ends it. */
import type { ChatVoice } from "../audio/chat-voice.js";
import { AnswerView } from "../answer-view.js";
import type { Conversation } from "../conversation.js";
import { ExitCode } from "../exit-code.js";
import { describeFailure } from "../failure.js";
import type { Printer } from "../printer.js";
import { formatStats } from "../stats.js";
import type { StopSignals } from "../stop-signals.js";
import { parseCommand } from "./commands.js";
import type { InputHistory } from "./input-history.js";
import { SessionCommands } from "./session-commands.js";
import type { SessionInput } from "./session-input.js";

export interface SessionOptions {
  conversation: Conversation;
  input: SessionInput;
  history: InputHistory;
  printer: Printer;
  stop: StopSignals;
  /** Stands before each answer on a terminal; empty for none. */
  label: string;
  /** Figures after every answer. */
  stats: boolean;
  /** Speaks the answers. */
  voice?: ChatVoice | undefined;
  /** What `/model` says. */
  modelText: string;
}

export class Session {
  readonly #options: SessionOptions;
  readonly #commands: SessionCommands;
  /** Ctrl+C was pressed and nothing else since: once more leaves. */
  #leaveOnInterrupt = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#commands = new SessionCommands(options);
  }

  async run(): Promise<ExitCode> {
    const { input, stop, printer } = this.#options;
    const close = () => input.close();
    for (const signal of [stop.signal, printer.readerGone]) {
      if (signal.aborted) close();
      signal.addEventListener("abort", close, { once: true });
    }
    try {
      while (await this.#turn());
    } finally {
      close();
    }
    if (stop.signal.aborted) return stop.exitCode;
    printer.talk("Goodbye!");
    return ExitCode.ok;
  }

  /** One input and what it leads to; false when the person leaves. */
  async #turn(): Promise<boolean> {
    const { input, printer, history } = this.#options;
    const typed = await input.read();
    switch (typed.type) {
      case "end":
        if (!printer.readerGone.aborted) printer.talk("");
        return false;
      case "interrupt":
        if (this.#leaveOnInterrupt) return false;
        this.#leaveOnInterrupt = true;
        printer.notice(printer.colors.dim("Press Ctrl+C again to leave, or type exit."));
        return true;
      case "message":
        this.#leaveOnInterrupt = false;
        if (typed.text === "") return true;
    }
    const command = typed.literal ? undefined : parseCommand(typed.text);
    if (command?.name === "exit") return false;
    history.add(typed.text);
    if (command === undefined) await this.#answer(typed.text);
    else if (command.name === "retry") await this.#retry();
    else this.#commands.run(command);
    return true;
  }

  async #retry(): Promise<void> {
    const { conversation, printer } = this.#options;
    const question = this.#commands.lastQuestion;
    if (question === undefined) return printer.notice("Nothing was asked yet.");
    // An exchange that was kept is replaced; a question that failed was never kept.
    const kept = conversation.exchanges.at(-1)?.user === question ? conversation.removeLast() : undefined;
    const before = conversation.exchanges.length;
    await this.#answer(question);
    if (kept !== undefined && conversation.exchanges.length === before) conversation.restore(kept);
  }

  async #answer(question: string): Promise<void> {
    const { conversation, printer, stop, input, label, voice } = this.#options;
    const controller = new AbortController();
    const interrupt = () => {
      // Pressed twice during one answer: stop it and leave.
      if (controller.signal.aborted) input.close();
      controller.abort();
    };
    const releases = [input.onInterrupt(interrupt), stop.takeInterrupt(interrupt)];
    const signal = AbortSignal.any([controller.signal, stop.signal, printer.readerGone]);
    const view = new AnswerView(printer, label);
    const spoken = voice?.answer(signal);
    this.#commands.lastQuestion = question;
    try {
      const answer = await conversation.ask(question, signal, (event) => {
        view.show(event);
        if (event.type === "text-delta") spoken?.say(event.text);
      });
      view.finish();
      // The next question waits, so that Ctrl+C silences this answer.
      await voice?.finish(spoken);
      if (answer.end !== undefined) this.#afterAnswer(answer.end);
      else if (controller.signal.aborted) this.#afterInterrupt(answer.content !== "");
    } catch (error) {
      spoken?.stop();
      view.finish();
      printer.fail(describeFailure(error, "session"));
      if (error instanceof Error && error.stack !== undefined) printer.detail(error.stack);
    } finally {
      for (const release of releases) release();
    }
  }

  #afterAnswer(end: NonNullable<SessionCommands["lastEnd"]>): void {
    const { printer } = this.#options;
    this.#commands.lastEnd = end;
    if (end.finishReason === "length") {
      printer.notice(printer.colors.dim("The answer was cut: it reached --max-tokens or the context's end."));
    }
    if (this.#commands.statsOn) printer.notice(printer.colors.dim(formatStats(end)));
  }

  #afterInterrupt(somethingCame: boolean): void {
    const { printer } = this.#options;
    this.#leaveOnInterrupt = true;
    const kept = somethingCame ? "" : "; the question is forgotten";
    printer.notice(printer.colors.dim(`Stopped${kept}. Press Ctrl+C again to leave.`));
  }
}
