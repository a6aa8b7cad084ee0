/** Shows one answer while it streams: the text as data, the thinking dim and apart from it. `finish` it always. */
import type { ChatEvent } from "@izwi/core";
import { harmless } from "./printer.js";
import type { Printer, Progress } from "./printer.js";

/** An answer that takes longer than this to begin (a long prompt, a slow machine) shows that it is under way. */
const patienceMs = 400;

export class AnswerView {
  readonly #printer: Printer;
  readonly #label: string;
  readonly #waiting: Progress;
  #labelled = false;
  #thinking = false;

  /** `label` stands before the answer in a conversation; empty for none. */
  constructor(printer: Printer, label: string) {
    this.#printer = printer;
    this.#label = label;
    this.#waiting = printer.progress("Reading…", patienceMs);
  }

  show(event: ChatEvent): void {
    this.#waiting.done();
    switch (event.type) {
      case "reasoning-delta":
        return this.#showThinking(event.text);
      case "text-delta":
        return this.#showText(event.text);
      case "tool-call":
        return this.#printer.notice(`The model asked for a tool, '${harmless(event.name)}'; this chat has none.`);
      case "end":
        return this.finish();
    }
  }

  /** Ends whatever line is open. Also for an answer that was stopped or failed. */
  finish(): void {
    this.#waiting.done();
    this.#endThinking();
    this.#printer.endLine();
  }

  /** Thinking is talk, and only a person cares for it while it comes: where no terminal shows it, it isn't printed. */
  #showThinking(text: string): void {
    if (!this.#printer.stderrIsTerminal) return;
    const { colors } = this.#printer;
    if (!this.#thinking) {
      this.#printer.aside(`${colors.dim("Thinking…")}\n`);
      this.#thinking = true;
      text = text.trimStart();
    }
    if (text !== "") this.#printer.aside(colors.dim(harmless(text)));
  }

  #endThinking(): void {
    if (!this.#thinking) return;
    this.#thinking = false;
    this.#printer.aside(`\n${this.#printer.colors.dim("… done thinking.")}\n\n`);
  }

  #showText(text: string): void {
    this.#endThinking();
    if (!this.#labelled) {
      this.#labelled = true;
      if (this.#label !== "") this.#printer.aside(this.#label);
    }
    this.#printer.data(text);
  }
}
