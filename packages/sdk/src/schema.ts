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
  const { $schema: _, ...rest } = close(schema) as JsonSchema;
  return rest;
}

/** Keywords whose value maps names to schemas: the names there are no keywords. */
const MAPS = new Set(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"]);
/** Keywords whose value is data, not a schema. */
const DATA = new Set(["const", "enum", "default", "examples", "required"]);

function close(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(close);
  if (!isRecord(node)) return node;
  const result: JsonSchema = {};
  for (const [key, value] of Object.entries(node)) {
    if (DATA.has(key)) result[key] = value;
    else if (MAPS.has(key) && isRecord(value)) {
      result[key] = Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, close(schema)]));
    } else result[key] = close(value);
  }
  const open = "additionalProperties" in node || "patternProperties" in node || "unevaluatedProperties" in node;
  if (isRecord(node["properties"]) && !open) result["additionalProperties"] = false;
  return result;
}
