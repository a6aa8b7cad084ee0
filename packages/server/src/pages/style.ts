import { createHash } from "node:crypto";
import { raw } from "hono/html";

/** The pages' whole look, in both colour schemes. */
const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --link: light-dark(#0b57d0, #8ab4f8); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 small { font-weight: normal; font-size: 1rem; opacity: .6; }
h2 { margin-top: 2rem; border-bottom: 1px solid var(--line); }
h3 { margin: 1rem 0 .3rem; font-size: 1rem; }
a { color: var(--link); }
code, pre { font: .9em/1.5 ui-monospace, monospace; }
pre { background: var(--soft); padding: .8rem; overflow-x: auto; border-radius: .4rem; }
details { border: 1px solid var(--line); border-radius: .4rem; margin: .5rem 0; padding: 0 .8rem; }
details[open] { padding-bottom: .8rem; }
summary { cursor: pointer; padding: .5rem 0; }
summary span { opacity: .7; }
summary b { display: inline-block; min-width: 4rem; }
.get { color: light-dark(#0a7d34, #5ccf87); } .post { color: light-dark(#0b57d0, #8ab4f8); } .delete { color: light-dark(#b3261e, #f2b8b5); }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-top: 1px solid var(--line); font-weight: normal; }
th { width: 16rem; } th em { font-size: .8em; opacity: .7; } td small { opacity: .7; }
`;

/** As one piece, because a browser takes a style only when its text has exactly the announced hash. */
export const STYLE_ELEMENT = raw(`<style>${STYLE}</style>`);

/** The pages have no script at all, and the browser is told so. */
export const PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");
