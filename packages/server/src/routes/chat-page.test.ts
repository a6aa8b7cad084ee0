import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { OpenAPIHono } from "@hono/zod-openapi";
import { afterAll, describe, expect, it } from "vitest";
import { ChatPageFiles } from "../pages/chat-page.js";
import { toErrorResponse } from "../openai/errors.js";
import type { AppEnv } from "../route-context.js";
import { chatPage } from "./chat-page.js";

const folder = mkdtempSync(join(tmpdir(), "izwi-chat-page-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, "assets"));
writeFileSync(join(folder, "index.html"), "<!doctype html><title>The page</title>");
writeFileSync(join(folder, "assets", "index-1.js"), "export {};");

const app = new OpenAPIHono<AppEnv>();
app.onError((error, c) => c.json(toErrorResponse(error).body, toErrorResponse(error).status as 404));
chatPage(app, new ChatPageFiles(folder));

describe("GET /chat", () => {
  it.each(["/chat", "/chat/models", "/chat/c/0123456789abcdef"])(
    "%s is the page, under a strict policy",
    async (path) => {
      const response = await app.request(path);
      expect(await response.text()).toContain("The page");
      expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
      expect(response.headers.get("cache-control")).toBe("no-cache");
      const policy = response.headers.get("content-security-policy");
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self';");
      expect(policy).toContain("require-trusted-types-for 'script'");
      expect(policy).not.toContain("unsafe");
    },
  );

  it("serves files with hashed names for ever, compressed where that is taken", async () => {
    const plain = await app.request("/chat/assets/index-1.js");
    expect(await plain.text()).toBe("export {};");
    expect(plain.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    expect(plain.headers.get("cache-control")).toContain("immutable");
    const zipped = await app.request("/chat/assets/index-1.js", { headers: { "accept-encoding": "br, gzip" } });
    expect(zipped.headers.get("content-encoding")).toBe("gzip");
    expect(gunzipSync(await zipped.arrayBuffer()).toString()).toBe("export {};");
  });

  it.each(["/chat/assets/old-0.js", "/chat/../package.json", "/chat/%2e%2e/%2e%2e/secret.txt", "/chat/x.map"])(
    "%s is nothing that there is",
    async (path) => {
      expect((await app.request(path)).status).toBe(404);
    },
  );

  it("isn't there where the page wasn't built", async () => {
    const bare = new OpenAPIHono<AppEnv>();
    chatPage(bare, new ChatPageFiles(join(folder, "missing")));
    expect((await bare.request("/chat")).status).toBe(404);
  });
});
