/** Where a sentence of a text ends, while the text is still being written. */

/** After these, a full stop ends nothing: what they belong to follows. */
const PREFIXES = new Set(
  "mr mrs ms dr prof rev gen col sgt capt lt st mt ft fig figs eq vs cf viz e.g i.e approx dept ca op ed vol pp".split(
    " ",
  ),
);

/** After these, a full stop may end a sentence as well: then what follows begins with a capital. */
const EITHER = new Set(
  "etc inc ltd co corp jr sr u.s u.k e.u a.m p.m b.c a.d ph.d al jan feb aug sept oct nov dec".split(" "),
);

/** What may stand between the mark and the space: quotes, brackets, the ends of emphasis. */
const CLOSERS = /^[.!?…"'”’»)\]*_~]*/;

/** Marks of scripts that put no space behind a sentence. */
const WIDE = "。！？";

/** Shorter than this, it is spoken together with what follows: "Yes. It does." */
export const SHORTEST_SENTENCE = 20;

/** Longer than this without an end, it is cut where a comma or a space allows it. */
export const LONGEST_SENTENCE = 300;

/**
 * The index behind the first sentence of `line`, or -1 if none is known to end yet. What could be told only by what
 * comes next (a full stop as the last character) isn't known.
 */
export function sentenceEnd(line: string): number {
  for (let i = 0; i < line.length; i++) {
    const char = line[i]!;
    if (char === "`" || char === "[" || char === "<") {
      const behind = behindSpan(line, i);
      // Not closed yet: it may hold anything.
      if (behind < 0 && line.length - i < LONGEST_SENTENCE) return -1;
      if (behind > 0) i = behind - 1;
    } else if (WIDE.includes(char) && i + 1 >= 4) {
      return i + 1 + CLOSERS.exec(line.slice(i + 1))![0].length;
    } else if (".!?…:".includes(char)) {
      const end = endAt(line, i);
      if (end === "unknown") return -1;
      if (end >= SHORTEST_SENTENCE) return end;
    }
  }
  return line.length > LONGEST_SENTENCE ? cut(line) : -1;
}

/** The index behind the code, link or tag that begins at `start`; 0 where there is none, -1 if it may go on. */
function behindSpan(line: string, start: number): number {
  const rest = line.slice(start);
  const [opening] = /^(`+|\[|<)/.exec(rest)!;
  if (opening === "<") {
    const tag = /^<(?:\/?[a-z][^<>]*|!--[^]*?--|https?:[^<>\s]*)>/i.exec(rest);
    return tag ? start + tag[0].length : 0;
  }
  if (opening === "[") {
    const link = /^\[[^\]]*\](?:\([^()]*(?:\([^()]*\)[^()]*)*\))?/.exec(rest);
    if (link === null) return -1;
    const open = link[0].endsWith("]") && (rest.length === link[0].length || rest[link[0].length] === "(");
    return open ? -1 : start + link[0].length;
  }
  const close = rest.indexOf(opening!, opening!.length);
  return close < 0 ? -1 : start + close + opening!.length;
}

function endAt(line: string, mark: number): number | "unknown" {
  const end = mark + 1 + CLOSERS.exec(line.slice(mark + 1))![0].length;
  if (end >= line.length) return "unknown";
  // A number, an address, a file's name.
  if (!/\s/.test(line[end]!)) return 0;
  if (line[mark] !== "." || end > mark + 1) return end;
  const word = /[\p{L}.]*$/u.exec(line.slice(0, mark))![0].toLowerCase();
  const next = line.slice(end).trimStart()[0];
  if (PREFIXES.has(word)) return 0;
  const depends = EITHER.has(word) || word === "no" || /^\p{L}$/u.test(word);
  if (!depends) return end;
  if (next === undefined) return "unknown";
  // "No. 5", but "No. It isn't."; "J. Smith", an initial.
  if (word === "no") return /\d/.test(next) ? 0 : end;
  if (word.length === 1) return word === "i" ? end : 0;
  return /\p{Lu}/u.test(next) ? end : 0;
}

function cut(line: string): number {
  const head = line.slice(0, LONGEST_SENTENCE);
  const clause = Math.max(head.lastIndexOf(", "), head.lastIndexOf("; "), head.lastIndexOf(" — "));
  if (clause > LONGEST_SENTENCE / 3) return clause + 2;
  const space = head.lastIndexOf(" ");
  return space > 0 ? space + 1 : LONGEST_SENTENCE;
}
