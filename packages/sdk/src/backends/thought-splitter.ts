import type { ReasoningDelta, TextDelta } from "@izwi/core";

const OPEN = "<think>";
const CLOSE = "</think>";

/**
 * Takes a thought out of the text of a server that doesn't do so itself, which is what vLLM and others do unless they
 * are told how. Only a thought at the answer's very beginning is one.
 */
export class ThoughtSplitter {
  #state: "start" | "thought" | "after" | "text" = "start";
  #held = "";

  add(piece: string): (ReasoningDelta | TextDelta)[] {
    if (this.#isText()) return [{ type: "text-delta", text: piece }];
    this.#held += piece;
    const events: (ReasoningDelta | TextDelta)[] = [];
    if (this.#state === "start") this.#begin();
    if (this.#state === "thought") this.#think(events);
    if (this.#state === "after") this.#afterwards();
    if (this.#isText() && this.#held !== "") events.push({ type: "text-delta", text: this.#take() });
    return events;
  }

  /** What was still held back when the answer ended. */
  end(): (ReasoningDelta | TextDelta)[] {
    const text = this.#take();
    if (text === "" || this.#state === "after") return [];
    return [{ type: this.#state === "thought" ? "reasoning-delta" : "text-delta", text }];
  }

  #isText(): boolean {
    return this.#state === "text";
  }

  #begin(): void {
    const trimmed = this.#held.trimStart();
    if (OPEN.startsWith(trimmed)) return;
    const opens = trimmed.startsWith(OPEN);
    if (opens) this.#held = trimmed.slice(OPEN.length).replace(/^\n/, "");
    this.#state = opens ? "thought" : "text";
  }

  #think(events: (ReasoningDelta | TextDelta)[]): void {
    const end = this.#held.indexOf(CLOSE);
    // A piece may end within the closing tag or the line break before it.
    const safe = end >= 0 ? end : this.#held.length - heldBack(this.#held);
    const text = end >= 0 ? this.#held.slice(0, end).trimEnd() : this.#held.slice(0, safe);
    if (text !== "") events.push({ type: "reasoning-delta", text });
    this.#held = this.#held.slice(end >= 0 ? end + CLOSE.length : safe);
    if (end >= 0) this.#state = "after";
  }

  /** The template puts an empty line between thought and answer. */
  #afterwards(): void {
    this.#held = this.#held.trimStart();
    if (this.#held !== "") this.#state = "text";
  }

  #take(): string {
    const held = this.#held;
    this.#held = "";
    return held;
  }
}

/** How many characters at the end may belong to white space and a closing tag that goes on in the next piece. */
function heldBack(text: string): number {
  for (let length = Math.min(CLOSE.length - 1, text.length); length > 0; length--) {
    if (CLOSE.startsWith(text.slice(-length))) {
      const before = text.slice(0, -length);
      return length + (before.length - before.trimEnd().length);
    }
  }
  return text.length - text.trimEnd().length;
}
