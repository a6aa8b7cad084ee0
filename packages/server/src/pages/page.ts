import { html } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import { boundsText, referredName, typeText, type Schema } from "./schema-text.js";
import { STYLE_ELEMENT } from "./style.js";

type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

/** The part of an OpenAPI document that the page shows. */
export interface ApiDescription {
  info: { title: string; version: string; description?: string };
  paths?: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Schema> };
}

interface Operation {
  tags?: string[];
  summary?: string;
  description?: string;
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema?: Schema }[];
  requestBody?: { content?: Record<string, MediaType> };
  responses?: Record<string, { description?: string; content?: Record<string, MediaType> }>;
}

interface MediaType {
  schema?: Schema;
  example?: unknown;
}

/** The API's description as a page to read. */
export function docsPage(api: ApiDescription): Html {
  const operations = Object.entries(api.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const tags = [...new Set(operations.map(({ operation }) => operation.tags?.[0] ?? "Other"))];
  const groups = tags.map((tag) => ({
    tag,
    operations: operations.filter(({ operation }) => (operation.tags?.[0] ?? "Other") === tag),
  }));
  const schemas = api.components?.schemas ?? {};
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${api.info.title}</title>
        ${STYLE_ELEMENT}
      </head>
      <body>
        <header>
          <h1>${api.info.title} <small>${api.info.version}</small></h1>
          <p>${api.info.description ?? ""}</p>
          <p>The same for programs: <a href="/openapi.json">/openapi.json</a></p>
        </header>
        <main>
          ${groups.map(
            (group) =>
              html`<section>
                <h2>${group.tag}</h2>
                ${group.operations.map(({ path, method, operation }) => operationPart(path, method, operation, schemas))}
              </section>`,
          )}
          <section>
            <h2>Types</h2>
            ${Object.entries(schemas).map(([name, schema]) => schemaPart(name, schema))}
          </section>
        </main>
      </body>
    </html>`;
}

function operationPart(path: string, method: string, operation: Operation, schemas: Record<string, Schema>): Html {
  const body = operation.requestBody?.content?.["application/json"];
  const responses = Object.entries(operation.responses ?? {});
  const errors = responses.filter(([status]) => Number(status) >= 400);
  const answers = responses.filter(([status]) => Number(status) < 400);
  return html`<details>
    <summary>
      <b class="${method}">${method.toUpperCase()}</b> <code>${path}</code> <span>${operation.summary ?? ""}</span>
    </summary>
    ${operation.description ? html`<p>${operation.description}</p>` : ""}
    ${
      operation.parameters?.length
        ? html`<table>
            ${operation.parameters.map(({ name, required, description, schema = {} }) =>
              row(name, required === true, { ...schema, ...(description && { description }) }),
            )}
          </table>`
        : ""
    }
    ${
      body?.schema
        ? html`<h3>Request</h3>
            ${fields(resolved(body.schema, schemas))}`
        : ""
    }
    ${body?.example === undefined ? "" : html`<pre>${JSON.stringify(body.example, null, 2)}</pre>`}
    <h3>Answers</h3>
    <ul>
      ${answers.map(
        ([status, { description, content }]) =>
          html`<li><code>${status}</code> ${description ?? ""} ${mediaTypes(content)}</li>`,
      )}
      <li>Errors: ${errors.map(([status]) => html`<code>${status}</code> `)}</li>
    </ul>
  </details>`;
}

function schemaPart(name: string, schema: Schema): Html {
  return html`<details id="${name}">
    <summary><code>${name}</code> <span>${schema.description ?? ""}</span></summary>
    ${fields(schema)}
  </details>`;
}

function mediaTypes(content: Record<string, MediaType> | undefined): Html[] {
  return Object.entries(content ?? {}).map(([type, { schema }]) =>
    type === "application/json" && schema ? html`${typeLink(schema)}` : html`<code>${type}</code>`,
  );
}

/** The schema that is referred to: a request's own fields belong beside it. */
function resolved(schema: Schema, schemas: Record<string, Schema>): Schema {
  const name = referredName(schema);
  return (name === undefined ? undefined : schemas[name]) ?? schema;
}

/** An object's fields as a table; for anything else its type. */
function fields(schema: Schema): Html {
  if (!schema.properties) return html`<p>${typeLink(schema)}</p>`;
  const required = new Set(schema.required);
  return html`<table>
    ${Object.entries(schema.properties).map(([name, field]) => row(name, required.has(name), field))}
  </table>`;
}

function row(name: string, required: boolean, schema: Schema): Html {
  const bounds = boundsText(schema);
  return html`<tr>
    <th><code>${name}</code>${required ? html` <em>required</em>` : ""}</th>
    <td>${typeLink(schema)} ${bounds ? html`<small>${bounds}</small>` : ""} ${schema.description ?? ""}</td>
  </tr>`;
}

/** The type's text, in which the names of other types lead to them. */
function typeLink(schema: Schema): Html {
  const name = referredName(schema) ?? (schema.items && referredName(schema.items));
  const text = typeText(schema);
  return name === undefined ? html`<code>${text}</code>` : html`<a href="#${name}"><code>${text}</code></a>`;
}
