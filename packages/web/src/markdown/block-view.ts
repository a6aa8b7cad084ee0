import { htmlOf, type Block } from "./blocks.js";
import { highlighter, wantHighlighter } from "./lazy-parts.js";
import { sanitized, sanitizedCode } from "./sanitizing.js";

/** Longer code is highlighted once it's complete: doing so again for each word would take too long. */
const LONGEST_GROWING_CODE = 6000;

/** A block as elements, ready for the page. */
export function blockElements(block: Block, growing: boolean): DocumentFragment {
  const fragment = sanitized(htmlOf(block));
  for (const pre of fragment.querySelectorAll("pre")) frameCode(pre, growing);
  for (const table of fragment.querySelectorAll("table")) {
    const frame = document.createElement("div");
    frame.className = "table-frame";
    // Wider than the page, it can be scrolled by keyboard as well.
    frame.tabIndex = 0;
    frame.setAttribute("role", "region");
    frame.setAttribute("aria-label", "Table");
    table.replaceWith(frame);
    frame.append(table);
  }
  return fragment;
}

function frameCode(pre: HTMLPreElement, growing: boolean): void {
  const code = pre.querySelector("code") ?? pre;
  const language = /(?:^|\s)language-([\w+#.-]+)/.exec(code.className)?.[1]?.toLowerCase() ?? "";
  const text = code.textContent ?? "";
  if (language !== "" && !(growing && text.length > LONGEST_GROWING_CODE)) highlightInto(code, text, language);
  const frame = document.createElement("div");
  frame.className = "code-frame";
  const head = document.createElement("div");
  head.className = "code-head";
  const name = document.createElement("span");
  name.textContent = language || "text";
  const copy = document.createElement("button");
  copy.type = "button";
  copy.className = "copy-code";
  copy.textContent = "Copy";
  copy.setAttribute("aria-label", "Copy code");
  head.append(name, copy);
  pre.tabIndex = 0;
  pre.setAttribute("role", "region");
  pre.setAttribute("aria-label", language === "" ? "Code" : `Code in ${language}`);
  pre.replaceWith(frame);
  frame.append(head, pre);
}

function highlightInto(code: Element, text: string, language: string): void {
  const highlight = highlighter.peek();
  if (highlight === undefined) return wantHighlighter();
  const html = highlight(text, language);
  if (html !== undefined) code.replaceChildren(sanitizedCode(html));
}

/** Copies the code whose button was clicked, if it was one. */
export async function copyClickedCode(event: MouseEvent): Promise<void> {
  const button = event.target instanceof Element ? event.target.closest("button.copy-code") : null;
  const code = button?.closest(".code-frame")?.querySelector("pre");
  if (!button || !code) return;
  const copied = await copyText((code.textContent ?? "").replace(/\n$/, ""));
  button.textContent = copied ? "Copied" : "Can't copy";
  setTimeout(() => (button.textContent = "Copy"), 2000);
}

/** Puts a text on the clipboard; the old way where a page that came by plain HTTP isn't given the new one. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "off-screen";
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    return copied;
  }
}
