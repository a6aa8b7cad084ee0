import { html } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import { STYLE_ELEMENT } from "./style.js";

/** What somebody sees who opens the server's address in a browser. */
export function startPage(origin: string): HtmlEscapedString | Promise<HtmlEscapedString> {
  const curl = `curl ${origin}/v1/chat/completions -H "Content-Type: application/json" \\
  -d '{"messages": [{"role": "user", "content": "Hello!"}]}'`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Izwi</title>
        ${STYLE_ELEMENT}
      </head>
      <body>
        <h1>Izwi runs.</h1>
        <p><a href="/chat">Open the chat</a></p>
        <p>Point any OpenAI client at <code>${origin}/v1</code>, or try it:</p>
        <pre>${curl}</pre>
        <p><a href="/docs">The API</a> · <a href="/v1/models">Models</a> · <a href="/v1/health">Health</a></p>
      </body>
    </html>`;
}
