import type { OpenAPIHono } from "@hono/zod-openapi";
import { docsPage, type ApiDescription } from "../pages/page.js";
import { startPage } from "../pages/start-page.js";
import { PAGE_POLICY } from "../pages/style.js";
import { packageVersion } from "../package-info.js";
import type { AppEnv } from "../route-context.js";

export interface DocsOptions {
  /** Also as pages for people; else only as JSON. */
  pages: boolean;
  /** Requests need a key. */
  secured: boolean;
}

/** What the API is, from the same schemas that check the requests: `/openapi.json`, `/docs`, and a pointer at `/`. */
export function docs(app: OpenAPIHono<AppEnv>, { pages, secured }: DocsOptions): void {
  if (secured) {
    app.openAPIRegistry.registerComponent("securitySchemes", "apiKey", { type: "http", scheme: "bearer" });
  }
  const api = () =>
    app.getOpenAPI31Document({
      openapi: "3.1.0",
      info: {
        title: "Izwi",
        version: packageVersion(),
        description: "Qwen3 on this machine, behind the API that OpenAI's clients speak.",
        license: { name: "Apache-2.0" },
      },
      ...(secured && { security: [{ apiKey: [] }] }),
    });
  app.get("/openapi.json", (c) => c.json(api()));
  if (pages) {
    app.get("/docs", (c) => {
      c.header("content-security-policy", PAGE_POLICY);
      return c.html(docsPage(api() as ApiDescription));
    });
  }
  app.get("/", (c) => {
    if (pages && c.req.header("accept")?.includes("text/html")) {
      c.header("content-security-policy", PAGE_POLICY);
      return c.html(startPage(new URL(c.req.url).origin));
    }
    return c.json({ name: "izwi", version: packageVersion(), api: "/v1", docs: pages ? "/docs" : "/openapi.json" });
  });
}
