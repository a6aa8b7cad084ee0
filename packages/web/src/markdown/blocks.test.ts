import { describe, expect, it } from "vitest";
import { blocksOf, htmlOf, spokenText } from "./blocks.js";
import { texRenderer } from "./lazy-parts.js";

const html = (markdown: string) => blocksOf(markdown).map(htmlOf).join("");

describe("Markdown", () => {
  it("is split so that a growing text changes its last block only", () => {
    const before = blocksOf("# One\n\nTwo\n\n```js\nlet a");
    const after = blocksOf("# One\n\nTwo\n\n```js\nlet a = 1;\n```\n\nThree");
    expect(after.slice(0, 2).map(({ raw }) => raw)).toEqual(before.slice(0, 2).map(({ raw }) => raw));
    expect(after).toHaveLength(4);
  });

  it("fetches no pictures", () => {
    expect(html("![a cat](https://example.com/cat.png)")).toContain(`<a href="https://example.com/cat.png">a cat</a>`);
    expect(html("![x](https://example.com/cat.png)")).not.toContain("<img");
  });

  it("finds links that are defined elsewhere", () => {
    expect(html("[a][1]\n\n[1]: https://example.com")).toContain(`href="https://example.com"`);
  });

  it.each([
    ["$a$", ["a"]],
    ["\\(a + b\\)", ["a + b"]],
    ["so $x_1$ and $y$.", ["x_1", "y"]],
    ["$$\nE = mc^2\n$$", ["E = mc^2"]],
    ["\\[ a \\]", ["a"]],
    ["$5 and $6", []],
    ["costs $5", []],
    ["`$a$`", []],
    ["```\n$a$\n```", []],
  ])("%j has the formulas %j", (markdown, formulas) => {
    const seen: string[] = [];
    texRenderer.value = (tex) => {
      seen.push(tex);
      return "<math></math>";
    };
    html(markdown);
    texRenderer.value = undefined;
    expect(seen).toEqual(formulas);
  });

  it("is read aloud without its marks", () => {
    const text = "## A *title*\n\nSome `code` & [a link](https://x.example).\n\n- one\n- two\n\n```js\nlet a;\n```";
    expect(spokenText(text)).toBe("A title\n\nSome code & a link.\n\none\ntwo\n\n(code)");
  });
});
