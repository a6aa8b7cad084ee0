import type { MarkedExtension, Tokens } from "marked";

/** Turns TeX into MathML; a lazy part of the page, because most conversations have no formula. */
export type TexRenderer = (tex: string, displayed: boolean) => string;

interface MathToken extends Tokens.Generic {
  tex: string;
  displayed: boolean;
}

const BLOCK = /^ {0,3}(?:\$\$([\s\S]+?)\$\$|\\\[([\s\S]+?)\\\])[ \t]*(?:\n|$)/;
// As Pandoc: no space inside the dollars, and no digit after them, so that "$5 and $6" stays money.
const INLINE =
  /^(?:\$\$([^\n]+?)\$\$|\\\[([^\n]+?)\\\]|\\\(([^\n]+?)\\\)|\$((?:[^\s$\\]|\\.)(?:(?:[^$\\\n]|\\.)*?(?:[^\s$\\]|\\.))?)\$(?!\d))/;

/**
 * Formulas in Markdown: `$a$`, `\(a\)`, `$$a$$` and `\[a\]`.
 *
 * @param renderer undefined while it isn't there yet: a formula is its own source until then
 */
export function mathExtension(renderer: () => TexRenderer | undefined): MarkedExtension {
  const render = (token: Tokens.Generic): string => {
    const { tex, displayed } = token as MathToken;
    const rendered = renderer()?.(tex, displayed);
    if (rendered !== undefined) return displayed ? `<p class="math">${rendered}</p>` : rendered;
    return `<code class="math">${escaped(tex)}</code>`;
  };
  return {
    extensions: [
      {
        name: "mathBlock",
        level: "block",
        start: (source: string) => source.match(/^ {0,3}(?:\$\$|\\\[)/m)?.index,
        tokenizer(source: string) {
          const match = BLOCK.exec(source);
          const tex = match?.[1] ?? match?.[2];
          if (match === null || tex === undefined) return undefined;
          return { type: "mathBlock", raw: match[0], tex: tex.trim(), displayed: true };
        },
        renderer: render,
      },
      {
        name: "mathInline",
        level: "inline",
        start: (source: string) => source.match(/\$|\\[([]/)?.index,
        tokenizer(source: string) {
          const match = INLINE.exec(source);
          if (match === null) return undefined;
          const displayed = match[1] ?? match[2];
          const tex = displayed ?? match[3] ?? match[4];
          if (tex === undefined || tex.trim() === "") return undefined;
          return { type: "mathInline", raw: match[0], tex: tex.trim(), displayed: displayed !== undefined };
        },
        renderer: render,
      },
    ],
  };
}

export function escaped(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}
