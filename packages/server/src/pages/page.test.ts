import { expect, it } from "vitest";
import { docsPage } from "./page.js";

it("shows operations by tag, with fields, examples and answers, and lets no text become markup", async () => {
  const page = String(
    await docsPage({
      info: { title: "An <API>", version: "1.2" },
      paths: {
        "/one": {
          post: {
            tags: ["Things"],
            summary: "Make <one>",
            parameters: [{ name: "id", in: "path", required: true, schema: { type: "string" } }],
            requestBody: {
              content: { "application/json": { schema: { $ref: "#/components/schemas/Thing" }, example: { size: 3 } } },
            },
            responses: {
              200: {
                description: "Made.",
                content: { "application/json": { schema: { $ref: "#/components/schemas/Thing" } } },
              },
              404: { description: "No." },
            },
          },
        },
      },
      components: {
        schemas: {
          Thing: {
            properties: { size: { type: "integer", minimum: 1, description: "How <b>big</b>." } },
            required: ["size"],
          },
        },
      },
    }),
  );
  expect(page).toContain("An &lt;API&gt;");
  expect(page).toContain("Make &lt;one&gt;");
  expect(page).toContain("How &lt;b&gt;big&lt;/b&gt;.");
  expect(page).toContain("<h2>Things</h2>");
  expect(page).toContain('<b class="post">POST</b> <code>/one</code>');
  expect(page).toContain("&quot;size&quot;: 3");
  expect(page).toMatch(/<code>size<\/code>\s*<em>required<\/em>/);
  expect(page).toContain("<code>200</code> Made.");
  expect(page).toContain('<a href="#Thing">');
  expect(page).toContain('id="Thing"');
  expect(page.replace(/\s+/g, " ")).toContain("Errors: <code>404</code>");
});
