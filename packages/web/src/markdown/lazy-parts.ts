import { signal } from "@preact/signals";
import type { TexRenderer } from "./math.js";

type Highlight = (code: string, language: string) => string | undefined;

/** Parts of the page that are loaded when the first answer needs them; undefined until then. */
export const texRenderer = signal<TexRenderer | undefined>(undefined);
export const highlighter = signal<Highlight | undefined>(undefined);

let loadingTex = false;
let loadingHighlighter = false;

export function wantTex(): void {
  if (loadingTex) return;
  loadingTex = true;
  import("./tex.js").then(
    ({ renderTex }) => (texRenderer.value = renderTex),
    // The server may be away; the next formula tries again.
    () => (loadingTex = false),
  );
}

export function wantHighlighter(): void {
  if (loadingHighlighter) return;
  loadingHighlighter = true;
  import("./highlighting.js").then(
    ({ highlight }) => (highlighter.value = highlight),
    () => (loadingHighlighter = false),
  );
}
