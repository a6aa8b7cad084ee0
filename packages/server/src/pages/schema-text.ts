/** The part of JSON Schema that the API's description uses. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  required?: string[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  description?: string;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  minLength?: number;
  maxItems?: number;
  example?: unknown;
}

/** The name of a schema that is referred to: `#/components/schemas/Error` is `Error`. */
export function referredName(schema: Schema): string | undefined {
  return schema.$ref?.split("/").at(-1);
}

/** A schema's type in a few words, such as `array of Message` or `"auto" | "none"`. */
export function typeText(schema: Schema): string {
  const name = referredName(schema);
  if (name !== undefined) return name;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives) return [...new Set(alternatives.map(typeText))].join(" | ");
  if (schema.allOf) return [...new Set(schema.allOf.map(typeText))].join(" & ");
  const types = [schema.type ?? "any"].flat();
  return types.map((type) => (type === "array" && schema.items ? arrayText(schema.items) : type)).join(" | ");
}

function arrayText(items: Schema): string {
  const text = typeText(items);
  return text.includes(" | ") ? `array of (${text})` : `array of ${text}`;
}

/** What a value must keep to, and what it is when left out. */
export function boundsText(schema: Schema): string {
  const { minimum, maximum, exclusiveMinimum, maxItems, default: fallback } = schema;
  // Whole numbers come with the bounds of safe integers, which say nothing to people.
  const says = (bound: number | undefined) => bound !== undefined && Math.abs(bound) < Number.MAX_SAFE_INTEGER;
  const parts = [
    says(exclusiveMinimum) ? `above ${exclusiveMinimum}` : "",
    says(minimum) && says(maximum) ? `${minimum} to ${maximum}` : "",
    says(minimum) && !says(maximum) ? `at least ${minimum}` : "",
    !says(minimum) && says(maximum) ? `at most ${maximum}` : "",
    maxItems === undefined ? "" : `at most ${maxItems}`,
    fallback === undefined ? "" : `default ${JSON.stringify(fallback)}`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}
