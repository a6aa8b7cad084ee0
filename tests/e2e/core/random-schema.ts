/** JSON schemas drawn at random, and a check of values against them: as far as both go, a second opinion on the engine. */

export type Schema = Record<string, unknown>;

/** A deterministic generator: the same seed gives the same numbers from 0 to 1. */
export function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}

const WORDS = ["name", "age", "é", "list of things", 'quo"ted', "a/b", "x"];

/** A schema whose texts are bounded, nested at most `depth` times. */
export function randomSchema(random: () => number, depth: number): Schema {
  const below = (bound: number): number => Math.floor(random() * bound);
  switch (below(depth > 0 ? 9 : 5)) {
    case 0:
      return { type: "string", minLength: below(3), maxLength: 3 + below(6) };
    case 1: {
      const minimum = below(2000) - 1000;
      return { type: "integer", minimum, maximum: minimum + below(500) };
    }
    case 2:
      return { type: "boolean" };
    case 3:
      return { enum: WORDS.slice(0, 1 + below(WORDS.length)) };
    case 4:
      return { const: [null, 7, "seven", true, { a: [1] }][below(5)] };
    case 5:
      return { anyOf: [randomSchema(random, depth - 1), randomSchema(random, depth - 1)] };
    case 6: {
      const minItems = below(2);
      return { type: "array", items: randomSchema(random, depth - 1), minItems, maxItems: minItems + below(3) };
    }
    default: {
      const names = WORDS.filter(() => random() < 0.4);
      const properties = Object.fromEntries(names.map((name) => [name, randomSchema(random, depth - 1)]));
      const required = names.filter(() => random() < 0.6);
      return { type: "object", properties, required, additionalProperties: false };
    }
  }
}

/** Whether a value is valid against a schema of {@link randomSchema}'s kind. */
export function isValid(value: unknown, schema: Schema): boolean {
  if ("const" in schema) return JSON.stringify(value) === JSON.stringify(schema["const"]);
  if (Array.isArray(schema["enum"])) return schema["enum"].includes(value);
  if (Array.isArray(schema["anyOf"])) return (schema["anyOf"] as Schema[]).some((option) => isValid(value, option));
  const bound = (name: string): number => schema[name] as number;
  switch (schema["type"]) {
    case "string": {
      if (typeof value !== "string") return false;
      const length = [...value].length;
      return length >= bound("minLength") && length <= bound("maxLength");
    }
    case "integer":
      return Number.isInteger(value) && (value as number) >= bound("minimum") && (value as number) <= bound("maximum");
    case "boolean":
      return typeof value === "boolean";
    case "array":
      return (
        Array.isArray(value) &&
        value.length >= bound("minItems") &&
        value.length <= bound("maxItems") &&
        value.every((item) => isValid(item, schema["items"] as Schema))
      );
    default: {
      if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
      const properties = schema["properties"] as Record<string, Schema>;
      return (
        (schema["required"] as string[]).every((name) => Object.hasOwn(value, name)) &&
        Object.entries(value).every(([name, item]) => {
          const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
          return property !== undefined && isValid(item, property);
        })
      );
    }
  }
}
