import { expect, it } from "vitest";
import { boundsText, typeText, type Schema } from "./schema-text.js";

it.each<[Schema, string]>([
  [{ type: "string" }, "string"],
  [{ type: ["number", "null"] }, "number | null"],
  [{ $ref: "#/components/schemas/Error" }, "Error"],
  [{ type: "array", items: { $ref: "#/components/schemas/Message" } }, "array of Message"],
  [{ type: "array", items: { anyOf: [{ type: "string" }, { type: "integer" }] } }, "array of (string | integer)"],
  [{ enum: ["auto", "none", 1] }, '"auto" | "none" | 1'],
  [{ const: true }, "true"],
  [{ oneOf: [{ type: "string" }, { type: "string" }, { type: "null" }] }, "string | null"],
  [{ allOf: [{ $ref: "#/components/schemas/A" }, { type: "object" }] }, "A & object"],
  [{}, "any"],
])("%j is %s", (schema, text) => {
  expect(typeText(schema)).toBe(text);
});

it.each<[Schema, string]>([
  [{}, ""],
  [{ minimum: 0, maximum: 2 }, "0 to 2"],
  [{ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, default: 16 }, "at least 1, default 16"],
  [{ minimum: Number.MIN_SAFE_INTEGER, maximum: 5 }, "at most 5"],
  [{ exclusiveMinimum: 0, maximum: 1 }, "above 0, at most 1"],
  [{ maxItems: 4, default: null }, "at most 4, default null"],
])("%j allows %s", (schema, text) => {
  expect(boundsText(schema)).toBe(text);
});
