import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { CHAT_POLICY, ChatPageFiles, type PageFile } from "../pages/chat-page.js";
import { ApiError } from "../openai/errors.js";
import type { AppEnv } from "../route-context.js";

/** GET /chat and what is below it: the page, its files, and the addresses that the page itself gives a meaning. */
export function chatPage(app: OpenAPIHono<AppEnv>, files = new ChatPageFiles()): void {
  if (!files.exist) return;
  app.get("/chat", (c) => answer(c, files.get("index.html")!));
  app.get("/chat/:path{.+}", (c) => {
    const path = c.req.param("path");
    const file = files.get(path);
    if (file) return answer(c, file);
    // A file of an older build, such as a page that is still open asks for; a page in its place would be no script.
    if (/\.\w+$/.test(path))
      throw new ApiError(404, { message: `There is no /chat/${path} here.`, code: "unknown_url" });
    return answer(c, files.get("index.html")!);
  });
  app.get("/models", (c) => c.redirect("/chat/models"));
}

function answer(c: Context, { bytes, gzipped, type, immutable }: PageFile): Response {
  const compressed = /\bgzip\b/.test(c.req.header("accept-encoding") ?? "");
  c.header("content-type", type);
  c.header("cache-control", immutable ? "public, max-age=31536000, immutable" : "no-cache");
  c.header("vary", "accept-encoding");
  if (compressed) c.header("content-encoding", "gzip");
  if (type.startsWith("text/html")) c.header("content-security-policy", CHAT_POLICY);
  return c.body(compressed ? gzipped : bytes);
}
