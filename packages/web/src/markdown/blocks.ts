import { Marked, type Token, type Tokens } from "marked";
import { texRenderer, wantTex } from "./lazy-parts.js";
import { escaped, mathExtension } from "./math.js";

const marked = new Marked(
  { gfm: true, breaks: true },
  mathExtension(() => {
    const renderer = texRenderer.peek();
    if (renderer === undefined) wantTex();
    return renderer;
  }),
  {
    renderer: {
      // A picture would be fetched from wherever the answer says, and tell that place about the reader.
      image({ href, text }: Tokens.Image) {
        return `<a href="${escaped(href)}">${escaped(text || href)}</a>`;
      },
      checkbox({ checked }: Tokens.Checkbox) {
        return checked ? "☑ " : "☐ ";
      },
    },
  },
);

/** A top-level part of a Markdown text. A text that grows changes its last blocks only. */
export interface Block {
  raw: string;
  token: Token;
  /** Links that are defined elsewhere in the text. */
  links: Record<string, Pick<Tokens.Link | Tokens.Image, "href" | "title">>;
}

export function blocksOf(markdown: string): Block[] {
  const tokens = marked.lexer(markdown);
  return tokens
    .filter(({ type }) => type !== "space" && type !== "def")
    .map((token) => ({
      raw: token.raw,
      token,
      links: tokens.links,
    }));
}

/** A block's HTML. It is not harmless yet: see `sanitized`. */
export function htmlOf({ token, links }: Block): string {
  return marked.parser(Object.assign([token], { links }));
}

/** Markdown as the text that one would read aloud. */
export function spokenText(markdown: string): string {
  const parts = marked.lexer(markdown).map((token) => (token.type === "code" ? "(code)" : plainText(token)));
  return parts
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

function plainText(token: Token): string {
  if (token.type === "list") return (token as Tokens.List).items.map(plainText).join("\n");
  if (token.type === "table") {
    const { header, rows } = token as Tokens.Table;
    const cellText = (cell: Tokens.TableCell) => cell.tokens.map(plainText).join("");
    return [header, ...rows].map((row) => row.map(cellText).join(", ")).join("\n");
  }
  const tokens = "tokens" in token ? token.tokens : undefined;
  if (tokens && tokens.length > 0) return tokens.map(plainText).join(token.type === "list_item" ? "\n" : "");
  if (token.type === "br") return "\n";
  if (token.type === "html") return "";
  return "text" in token ? unescapedText(String(token.text)) : "";
}

function unescapedText(text: string): string {
  return text
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, "&");
}
