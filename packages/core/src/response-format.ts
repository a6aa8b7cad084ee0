import { invalid, IzwiError } from "./errors.js";
import type { NativeResponseFormat } from "./native-addon.js";

/**
 * What the answer's text must be. The model can't write anything else, whatever the sampling settings, and a thought
 * before the answer isn't touched. An answer that `maxTokens` cuts off ends with the finish reason `length`.
 *
 * - `text`: anything.
 * - `json-object`: any JSON object.
 * - `json-schema`: JSON that is valid against the schema, its properties in the schema's order.
 * - `regex`: a text that the whole pattern matches, in the syntax of Rust's `regex` without look-around.
 * - `choice`: exactly one of the texts.
 */
export type ResponseFormat =
  | { type: "text" }
  | { type: "json-object" }
  | { type: "json-schema"; schema: Record<string, unknown> }
  | { type: "regex"; pattern: string }
  | { type: "choice"; choices: string[] };

/** Checks a format and puts it in the addon's form; undefined for plain text. Throws `INVALID_REQUEST`. */
export function toNativeFormat(format: unknown): NativeResponseFormat | undefined {
  if (!isRecord(format)) throw invalid("responseFormat", "an object with a type", format);
  switch (format["type"]) {
    case "text":
      return undefined;
    case "json-object":
      return { type: "json-object" };
    case "json-schema":
      return { type: "json-schema", schema: schemaJson(format["schema"]) };
    case "regex":
      return { type: "regex", pattern: text("responseFormat.pattern", format["pattern"]) };
    case "choice":
      return { type: "choice", choices: choices(format["choices"]) };
    default:
      throw invalid("responseFormat.type", `"text", "json-object", "json-schema", "regex" or "choice"`, format["type"]);
  }
}

function schemaJson(schema: unknown): string {
  if (!isRecord(schema)) throw invalid("responseFormat.schema", "a JSON schema, which is an object", schema);
  try {
    return JSON.stringify(schema);
  } catch (error) {
    throw new IzwiError("INVALID_REQUEST", "responseFormat.schema can't be written as JSON.", { cause: error });
  }
}

function choices(list: unknown): string[] {
  if (!Array.isArray(list)) throw invalid("responseFormat.choices", "an array of texts", list);
  if (list.length === 0) throw new IzwiError("INVALID_REQUEST", "responseFormat.choices must hold at least one text.");
  return list.map((choice, index) => text(`responseFormat.choices[${index}]`, choice));
}

function text(field: string, value: unknown): string {
  if (typeof value !== "string" || value === "") throw invalid(field, "a string that isn't empty", value);
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
