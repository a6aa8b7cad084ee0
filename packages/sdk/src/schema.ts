import { IzwiError } from "@izwi/core";
import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";
import { invalid, isRecord, messageOf } from "./errors.js";

/** A JSON schema as plain data. */
export type JsonSchema = Record<string, unknown>;

/** What a schema's validation gives. */
export type InferOutput<S extends StandardSchemaV1> = StandardSchemaV1.InferOutput<S>;

const TARGETS = ["draft-2020-12", "draft-07"] as const;

/**
 * The JSON schema of what the model has to write, which is the schema's *input*: defaults and transformations come
 * after, when the value is validated.
 *
 * @param given the JSON schema to use for a schema that can't describe itself as one
 * @param what the field that the schema was given in, for errors
 */
export function toJsonSchema(schema: StandardSchemaV1, given: JsonSchema | undefined, what = "schema"): JsonSchema {
  const standard: unknown = (schema as { "~standard"?: unknown } | undefined)?.["~standard"];
  if (!isRecord(standard) || typeof standard["validate"] !== "function") {
    throw invalid(what, "a Standard Schema, such as one of zod 4, Valibot or ArkType", schema);
  }
  if (given !== undefined) {
    if (!isRecord(given)) throw invalid("jsonSchema", "a JSON schema, which is an object", given);
    return closed(given);
  }
  const converter = standard["jsonSchema"] as StandardJSONSchemaV1.Converter | undefined;
  if (typeof converter?.input !== "function") {
    throw new IzwiError(
      "INVALID_REQUEST",
      `${what} (of ${String(standard["vendor"])}) can't be turned into a JSON schema. Use zod 4.2 or newer, or give it ` +
        `beside the schema as jsonSchema; for zod/mini that is z.toJSONSchema(schema, { io: "input" }).`,
    );
  }
  const failures: string[] = [];
  for (const target of TARGETS) {
    try {
      return closed(converter.input({ target }));
    } catch (error) {
      failures.push(messageOf(error));
    }
  }
  throw new IzwiError("INVALID_REQUEST", `${what} can't be turned into a JSON schema: ${failures[0]}`);
}

export type Validation<T> = { ok: true; value: T } | { ok: false; issues: string[] };

/** Validates a value with the schema's own rules, which may be more than its JSON schema can say. */
export async function validate<S extends StandardSchemaV1>(
  schema: S,
  value: unknown,
): Promise<Validation<InferOutput<S>>> {
  const result = await schema["~standard"].validate(value);
  if (result.issues === undefined) return { ok: true, value: result.value as InferOutput<S> };
  return { ok: false, issues: result.issues.map(issueText) };
}

/** Parses JSON and validates it. */
export async function parseWith<S extends StandardSchemaV1>(
  schema: S,
  json: string,
): Promise<Validation<InferOutput<S>>> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return { ok: false, issues: [`not valid JSON: ${messageOf(error)}`] };
  }
  return validate(schema, value);
}

function issueText(issue: StandardSchemaV1.Issue): string {
  const path = (issue.path ?? []).map((part) => String(typeof part === "object" ? part.key : part)).join(".");
  return path === "" ? issue.message : `${path}: ${issue.message}`;
}

/** True if the schema says something to its reader beyond names and types. */
export function hasDescriptions(schema: JsonSchema): boolean {
  const seen: unknown[] = [schema];
  for (let value = seen.pop(); value !== undefined; value = seen.pop()) {
    if (Array.isArray(value)) seen.push(...(value as unknown[]));
    if (!isRecord(value)) continue;
    if (typeof value["description"] === "string") return true;
    seen.push(...Object.values(value).filter((part) => typeof part === "object" && part !== null));
  }
  return false;
}

/**
 * The schema without its dialect's name, and with every object closed that doesn't say otherwise: the model shouldn't
 * make up fields, and OpenAI's strict mode demands it.
 */
function closed(schema: JsonSchema): JsonSchema {
  const { $schema: _, ...rest } = mapSchemas(schema, (node) => {
    const open = "additionalProperties" in node || "patternProperties" in node || "unevaluatedProperties" in node;
    return isRecord(node["properties"]) && !open ? { ...node, additionalProperties: false } : node;
  }) as JsonSchema;
  return rest;
}

/** A list that may have any length gets this one, where it must come to an end. */
const MAX_ITEMS = 8;
const LEAST_LENGTH = 16;

/** The schema with a bound for each text and list that has none, so that an answer ends within some `tokens` of them. */
export function bounded(schema: JsonSchema, tokens: number): JsonSchema {
  const texts = countTexts(schema);
  // A character is at most about one token; half of them are left for what stands around the texts.
  const maxLength = Math.max(LEAST_LENGTH, Math.floor(tokens / 2 / Math.max(1, texts)));
  return mapSchemas(schema, (node) => {
    if (isFreeText(node)) return { ...node, maxLength: Math.max(maxLength, Number(node["minLength"] ?? 0)) };
    if (!isFreeList(node)) return node;
    return { ...node, maxItems: Math.max(MAX_ITEMS, Number(node["minItems"] ?? 0)) };
  }) as JsonSchema;
}

function isFreeText(node: JsonSchema): boolean {
  return node["type"] === "string" && !["enum", "const", "maxLength", "pattern", "format"].some((key) => key in node);
}

function isFreeList(node: JsonSchema): boolean {
  return node["type"] === "array" && isRecord(node["items"]) && !("maxItems" in node);
}

/** How many unbounded texts an answer may have, if lists have `MAX_ITEMS`. */
function countTexts(node: unknown): number {
  if (Array.isArray(node)) return node.reduce<number>((sum, part) => sum + countTexts(part), 0);
  if (!isRecord(node)) return 0;
  if (isFreeText(node)) return 1;
  const inside = countTexts(Object.values(node));
  return node["type"] === "array" ? inside * Number(node["maxItems"] ?? MAX_ITEMS) : inside;
}

/** Keywords whose value maps names to schemas: the names there are no keywords. */
const MAPS = new Set(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"]);
/** Keywords whose value is data, not a schema. */
const DATA = new Set(["const", "enum", "default", "examples", "required"]);

/** Replaces each schema in a schema, the innermost first. */
function mapSchemas(node: unknown, replace: (schema: JsonSchema) => JsonSchema): unknown {
  if (Array.isArray(node)) return node.map((part) => mapSchemas(part, replace));
  if (!isRecord(node)) return node;
  const result: JsonSchema = {};
  for (const [key, value] of Object.entries(node)) {
    if (DATA.has(key)) result[key] = value;
    else if (MAPS.has(key) && isRecord(value)) {
      const schemas = Object.entries(value).map(([name, schema]) => [name, mapSchemas(schema, replace)] as const);
      result[key] = Object.fromEntries(schemas);
    } else result[key] = mapSchemas(value, replace);
  }
  return replace(result);
}
