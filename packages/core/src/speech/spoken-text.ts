import { sentenceEnd } from "./sentence-end.js";
import { spokenInline } from "./spoken-inline.js";

/** A partial line of fewer characters could still become a fence, a rule or a list item. */
const KNOWN_AT = 6;

/**
 * Turns a text in Markdown that arrives piece by piece into sentences to speak: each as soon as it is complete. Code
 * blocks, rules, comments and tables' lines are left out; the rest is what a person would read aloud.
 */
export class SpokenText {
  /** What of the current line isn't spoken yet. */
  #line = "";
  /** Nothing of the current line was taken yet: what kind of line it is, is still to be seen. */
  #atLineStart = true;
  /** A line's end without a mark; the next line may go on with it. */
  #held = "";
  /** What ends the block that is being left out. */
  #blockEnd: RegExp | undefined;

  /** The sentences that are complete with this piece. */
  push(text: string): string[] {
    this.#line += text.replaceAll("\r", "");
    const spoken: string[] = [];
    for (let end = this.#line.indexOf("\n"); end >= 0; end = this.#line.indexOf("\n")) {
      const rest = this.#line.slice(end + 1);
      this.#line = this.#line.slice(0, end);
      this.#endLine(spoken);
      this.#line = rest;
      this.#atLineStart = true;
    }
    this.#openLine(spoken);
    return spoken;
  }

  /** The rest, at the text's end. */
  end(): string[] {
    const spoken: string[] = [];
    this.#endLine(spoken);
    this.#say(this.#held, spoken);
    this.#held = "";
    this.#line = "";
    this.#atLineStart = true;
    this.#blockEnd = undefined;
    return spoken;
  }

  #openLine(spoken: string[]): void {
    if (this.#blockEnd !== undefined || !this.#line.trim()) return;
    if (this.#atLineStart) {
      const start = this.#line.trimStart();
      if (start.length < KNOWN_AT && !/^\p{L}/u.test(start)) return;
      // Until its end, nobody knows what the bar or the dashes are.
      if (/^(?:[|`~$<]|\\\[|(?:[-*_=]\s*){3})/.test(start.replace(/^(?:>\s?)+/, ""))) {
        // Inline code, a tag or a formula may begin a sentence, too.
        if (!/^(?:`(?!``)|<(?!!--)[a-z/h]|\$(?!\$))/i.test(start)) return;
      }
      this.#begin(spoken);
    }
    this.#sentences(spoken);
  }

  #endLine(spoken: string[]): void {
    const { kind, end } = lineKind(this.#line, this.#blockEnd, this.#atLineStart);
    if (kind === "skipped") {
      if (this.#blockEnd === undefined) this.#release(spoken);
      this.#blockEnd = end;
      return;
    }
    if (this.#atLineStart) {
      if (this.#line.trim() === "") return this.#release(spoken);
      this.#begin(spoken);
    }
    this.#sentences(spoken);
    const rest = this.#line.trim();
    // Only running text goes on in the next line; a heading or a list's item is a sentence of its own.
    if (/[.!?…:。！？]["'”’»)\]*_~`]*$/.test(rest)) this.#say(rest, spoken);
    else this.#held = rest;
  }

  /** Joins the line with the one before where it goes on with it, and takes off what marks its kind. */
  #begin(spoken: string[]): void {
    this.#atLineStart = false;
    const text = withoutPrefix(this.#line);
    const goesOn = this.#held !== "" && text === this.#line.trimStart() && /^[\p{Ll}\d("'`*_[]/u.test(text);
    if (goesOn) this.#line = `${this.#held} ${text}`;
    else {
      this.#release(spoken);
      this.#line = text;
    }
    this.#held = "";
  }

  #sentences(spoken: string[]): void {
    for (let end = sentenceEnd(this.#line); end > 0; end = sentenceEnd(this.#line)) {
      this.#say(this.#line.slice(0, end), spoken);
      this.#line = this.#line.slice(end).trimStart();
    }
  }

  #release(spoken: string[]): void {
    this.#say(this.#held, spoken);
    this.#held = "";
  }

  #say(markdown: string, spoken: string[]): void {
    const text = spokenInline(markdown);
    if (/[\p{L}\p{N}]/u.test(text)) spoken.push(text);
  }
}

/** All of a text at once. */
export function spokenSentences(markdown: string): string[] {
  const text = new SpokenText();
  return [...text.push(markdown), ...text.end()];
}

interface LineKind {
  kind: "spoken" | "skipped";
  /** The line that ends the block which this one begins or belongs to. */
  end?: RegExp | undefined;
}

function lineKind(line: string, blockEnd: RegExp | undefined, whole: boolean): LineKind {
  if (blockEnd !== undefined) return { kind: "skipped", end: blockEnd.test(line) ? undefined : blockEnd };
  if (!whole) return { kind: "spoken" };
  const text = line
    .trim()
    .replace(/^(?:>\s?)+/, "")
    .replace(/^(?:[-*+]|\d+[.)])\s+(?=```|~~~)/, "");
  const [, fence] = /^(`{3,}|~{3,})[^`]*$/.exec(text) ?? [];
  if (fence !== undefined) return { kind: "skipped", end: new RegExp(`^[\\s>]*${fence[0]!.repeat(fence.length)}`) };
  if (text.startsWith("$$") && !/\$\$.*\$\$/.test(text)) return { kind: "skipped", end: /\$\$\s*$/ };
  if (text.startsWith("\\[") && !/\\\]/.test(text)) return { kind: "skipped", end: /\\\]\s*$/ };
  if (text.startsWith("<!--") && !/-->/.test(text)) return { kind: "skipped", end: /-->/ };
  const isRule = /^(?:[-*_=]\s*){3,}$/.test(text) || /^=+$/.test(text);
  const isTableRule = /^\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?$/.test(text);
  const isLinkDefinition = /^\[[^\]]+\]:\s*\S+/.test(text);
  return { kind: isRule || isTableRule || isLinkDefinition ? "skipped" : "spoken" };
}

/** The line's own text, without the marks of a heading, a quotation, a list; a table's row as a list of its cells. */
function withoutPrefix(line: string): string {
  const text = line.trimStart();
  const quoted = text.replace(/^(?:>\s?)+/, "");
  if (quoted.startsWith("|")) {
    const cells = quoted.replace(/^\|\s*|\s*\|\s*$/g, "").split(/\s*(?<!\\)\|\s*/);
    return `${cells.filter((cell) => cell !== "").join(", ")}.`;
  }
  return quoted
    .replace(/^#{1,6}\s+(.*?)\s*#*$/, "$1")
    .replace(/^[-*+•]\s+(?:\[[ xX]\]\s+)?/, "")
    .replace(/^(\d+)[.)]\s+(?=\S)/, "$1: ");
}
