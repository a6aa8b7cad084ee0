/** One sentence of Markdown as a person would read it aloud. */
import { spokenMath } from "./spoken-math.js";

/** Code in a sentence is read up to this length; more of it nobody would read aloud. */
const LONGEST_CODE = 60;

export function spokenInline(markdown: string): string {
  const spans: string[] = [];
  // What is ready is put aside, so that the next rules don't read it as Markdown again.
  const aside = (text: string) => `\u0000${spans.push(text) - 1}\u0000`;
  let text = markdown
    .replace(/(`+)(?!`)(.+?)(?<!`)\1(?!`)/gs, (_, _ticks, code: string) => aside(spokenCode(code)))
    .replace(/\$\$(.+?)\$\$|\\\((.+?)\\\)|\\\[(.+?)\\\]/gs, (_, a?: string, b?: string, c?: string) =>
      aside(spokenMath(a ?? b ?? c ?? "")),
    )
    .replace(/(?<![\w$])\$(?=\S)([^$\n]*?[^\s$])\$(?![\w$])/g, (whole, math: string) =>
      looksLikeMath(math) ? aside(spokenMath(math)) : whole,
    )
    .replace(/\\([!-/:-@[-`{-~])/g, (_, char: string) => aside(char));
  text = withoutLinks(text, aside);
  text = withoutEmphasis(text.replace(/<!--.*?-->|<\/?[a-z][^<>]*>/gis, " "));
  text = symbolsInWords(decoded(text));
  for (let depth = 0; depth < 3 && text.includes("\u0000"); depth++) {
    text = text.replace(/\u0000(\d+)\u0000/g, (_, index: string) => spans[Number(index)] ?? "");
  }
  return text
    .replace(/[`\u0000]/g, "")
    .replace(/\s+/g, " ")
    .replace(/ +([,.;:!?])/g, "$1")
    .replace(/\(\s*\)/g, "")
    .replace(/^[,;\s]+/, "")
    .trim();
}

/** Two prices in a sentence are no formula. */
function looksLikeMath(text: string): boolean {
  return /[\\^_=+<>{}]/.test(text) || /^[a-z](?:\([a-z]\))?$/i.test(text);
}

function withoutLinks(text: string, aside: (text: string) => string): string {
  return (
    text
      .replace(/\[\^[^\]]*\]:?/g, "")
      .replace(/!\[([^\]]*)\](?:\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\]]*\])/g, (_, alt: string) =>
        alt.trim() === "" ? "" : `image: ${alt}`,
      )
      .replace(/\[([^\]]*)\]\([^()]*(?:\([^()]*\)[^()]*)*\)/g, "$1")
      .replace(/\[([^\]]+)\]\[[^\]]*\]/g, "$1")
      // A source's number, as in "it was built in 1889 [3]".
      .replace(/\s?\[\d+(?:[,–-]\s?\d+)*\]/g, "")
      .replace(/<?\b(?:https?|ftp):\/\/[^\s<>"]*[^\s<>"'.,;:!?)\]*_]>?/gi, (url) => aside(spokenAddress(url)))
      .replace(/<?(?:mailto:)?\b([\w.+-]+)@([\w-]+(?:\.[\w-]+)+)\b>?/g, (_, name: string, host: string) =>
        aside(`${name} at ${host}`.replaceAll(".", " dot ")),
      )
  );
}

/** The host says where a link leads; nobody reads the rest aloud. */
function spokenAddress(url: string): string {
  const host = /^<?\w+:\/\/(?:[^/@]*@)?(?:www\.)?([^/:?#>]*)/i.exec(url)?.[1] ?? "";
  return host.replaceAll(".", " dot ");
}

/** `camelCase`, `snake_case()` and `src/main.ts` by their words. */
function spokenCode(code: string): string {
  const text = code.trim();
  if (text.length > LONGEST_CODE) return "";
  return symbolsInWords(
    text
      .replace(/\(\)/g, "")
      .replace(/(?<=\p{Ll})(?=\p{Lu})/gu, " ")
      .replace(/_+/g, " ")
      .replace(/(?<=\w)\/(?=\w)/g, " slash ")
      .replace(/(?<=\p{L}|^)\.(?=\p{L})/gu, " dot ")
      .replace(/(?<=^|\s)--?(?=\w)/g, "")
      .replace(/=>|->/g, " to ")
      .replace(/[!=]==?/g, (sign) => (sign.startsWith("!") ? " isn't " : " equals "))
      .replace(/[{}()[\]<>;|\\"'`$#@^~]/g, " "),
  );
}

function withoutEmphasis(text: string): string {
  return text
    .replace(/~~/g, "")
    .replace(/\*+(?=\S)|(?<=\S)\*+/g, "")
    .replace(/(?<![\p{L}\d])_+(?=\S)|(?<=\S)_+(?![\p{L}\d])/gu, "")
    .replace(/_/g, " ");
}

const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " ", mdash: "—" };

function decoded(text: string): string {
  return text.replace(
    /&(?:#(\d{1,6})|#x([0-9a-f]{1,6})|(\w+));/gi,
    (whole, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) return ENTITIES[name.toLowerCase()] ?? whole;
      const code = decimal !== undefined ? Number(decimal) : Number.parseInt(hex!, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : "";
    },
  );
}

/** Signs that voices skip or spell, as words. Between spaces only where they have another use within words. */
const SYMBOLS: [RegExp, string][] = [
  [/(?<=\d)\s?[–-]\s?(?=\d+\b(?!-))(?<!\d{2}:\d{2}\s?[–-]\s?)/g, " to "],
  [/\s?[—–]\s?|\s--?\s/g, ", "],
  [/\s?(?:→|⇒|⟶|=>|->)\s?/g, " to "],
  [/\s?×\s?/g, " times "],
  [/\s?÷\s?/g, " divided by "],
  [/\s?≈\s?|(?<=^|[\s(])~(?=\d)/g, " about "],
  [/\s?(?:≤|<=)\s?/g, " at most "],
  [/\s?(?:≥|>=)\s?/g, " at least "],
  [/\s?≠\s?/g, " isn't equal to "],
  [/\s<\s/g, " less than "],
  [/\s>\s/g, " greater than "],
  [/\s==?\s/g, " equals "],
  [/(?<=\s)\+(?=\s)|(?<=\d)\s?\+\s?(?=\d)/g, " plus "],
  [/(?<=\w)\+\+/g, " plus plus"],
  [/\s?&\s?/g, " and "],
  [/°\s?C\b/g, " degrees Celsius"],
  [/°\s?F\b/g, " degrees Fahrenheit"],
  [/°/g, " degrees"],
  [/€\s?(\d[\d.,]*\d|\d)/g, "$1 euros"],
  [/£\s?(\d[\d.,]*\d|\d)/g, "$1 pounds"],
  [/€/g, " euros"],
  [/½/g, " one half"],
  [/²/g, " squared"],
  [/³/g, " cubed"],
  [/π/g, " pi "],
  [/[“”«»„]/g, '"'],
  [/[‘’]/g, "'"],
  [/[•·●▪✓✔✗✘☐☑]/g, " "],
  // A face or a flag isn't read; digits, which Unicode counts among its parts, are.
  [/(?:\p{Extended_Pictographic}|\p{Regional_Indicator})[\u{1f3fb}-\u{1f3ff}\ufe0f\u200d\u20e3]*/gu, " "],
  [/[\u200b-\u200f\ufe0f\u2060\ufeff]/g, ""],
  [/(?<=^|\s)[#*|\\/^~<>{}[\]]+(?=\s|$)/g, " "],
];

function symbolsInWords(text: string): string {
  return SYMBOLS.reduce((text, [sign, word]) => text.replace(sign, word), text);
}
