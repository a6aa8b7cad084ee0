import { describe, expect, it } from "vitest";
import { z } from "zod";
import * as mini from "zod/mini";
import { bounded, hasDescriptions, toJsonSchema, validate } from "./schema.js";

describe("toJsonSchema", () => {
  it("is what the model writes: the input, with closed objects and without the dialect", () => {
    const schema = z.object({
      properties: z.array(z.object({ type: z.string() })),
      note: z.string().default("x"),
      open: z.looseObject({ a: z.number() }).optional(),
    });
    const json = toJsonSchema(schema, undefined);
    expect(json).not.toHaveProperty("$schema");
    expect(json).toMatchObject({ required: ["properties"], additionalProperties: false });
    const { properties, open } = json["properties"] as Record<string, Record<string, unknown>>;
    expect(properties!["items"]).toMatchObject({ additionalProperties: false, required: ["type"] });
    expect(open!["additionalProperties"]).toEqual({});
  });

  it("leaves data alone that looks like a schema", () => {
    const given = { const: { properties: { a: 1 } }, default: { properties: {} } };
    expect(toJsonSchema(z.any(), given)).toEqual(given);
  });

  it("takes the JSON schema of one that can't tell it, such as zod/mini's", () => {
    const schema = mini.object({ a: mini.string() });
    expect(() => toJsonSchema(schema, undefined)).toThrow(/zod\/mini/);
    const given = mini.toJSONSchema(schema, { io: "input" }) as Record<string, unknown>;
    expect(toJsonSchema(schema, given)).toMatchObject({ required: ["a"], additionalProperties: false });
  });

  it("works with recursive schemas", () => {
    const Tree = z.object({
      value: z.number(),
      get children() {
        return z.array(Tree);
      },
    });
    expect(JSON.stringify(toJsonSchema(Tree, undefined))).toContain("$ref");
  });

  it("says what can't be written as JSON", () => {
    expect(() => toJsonSchema(z.object({ when: z.date() }), undefined)).toThrow(/schema can't be turned into a JSON/);
    expect(() => toJsonSchema({ type: "object" } as never, undefined)).toThrow(/Standard Schema/);
  });
});

it("validate names the place of what is wrong", async () => {
  const result = await validate(z.object({ list: z.array(z.object({ a: z.string() })) }), { list: [{ a: 1 }] });
  expect(result).toEqual({ ok: false, issues: [expect.stringMatching(/^list\.0\.a: /)] });
});

it("hasDescriptions looks into all of it, and not at properties of that name", () => {
  const described = { type: "object", properties: { a: { items: [{ description: "x" }] } } };
  expect(hasDescriptions(described)).toBe(true);
  expect(hasDescriptions({ type: "object", properties: { description: { type: "string" } } })).toBe(false);
});

describe("bounded", () => {
  const list = (items: object, more: object = {}) => ({ type: "array", items, ...more });
  const text = (more: object = {}) => ({ type: "string", ...more });

  it("gives each free text and list a bound that together fits the tokens", () => {
    const schema = { type: "object", properties: { a: text(), maxLength: list(text()) } };
    expect(bounded(schema, 1800)).toEqual({
      type: "object",
      properties: { a: text({ maxLength: 100 }), maxLength: list(text({ maxLength: 100 }), { maxItems: 8 }) },
    });
  });

  it("leaves alone what is bounded, and what must be longer", () => {
    const kept = [
      text({ maxLength: 5 }),
      text({ enum: ["a"] }),
      text({ pattern: "a+" }),
      list(text({ const: "x" }), { maxItems: 2 }),
    ];
    expect(bounded({ anyOf: kept }, 100)).toEqual({ anyOf: kept });
    expect(bounded(list(text({ minLength: 40 }), { minItems: 20 }), 10)).toEqual(
      list(text({ minLength: 40, maxLength: 40 }), { minItems: 20, maxItems: 20 }),
    );
  });
});
