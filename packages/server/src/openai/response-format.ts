import type { ResponseFormat } from "@izwi/core";
import { z } from "@hono/zod-openapi";

const Schema = z.record(z.string(), z.unknown());

/** The shape that the answer must have; it holds after the thinking. */
export const ResponseFormatField = z.discriminatedUnion(
  "type",
  [
    z.object({ type: z.literal("text") }),
    z.object({ type: z.literal("json_object"), schema: Schema.nullish() }),
    z.object({
      type: z.literal("json_schema"),
      json_schema: z.object({
        name: z.string().nullish(),
        description: z.string().nullish(),
        schema: Schema.nullish(),
        strict: z.boolean().nullish(),
      }),
    }),
    z.object({ type: z.literal("regex"), pattern: z.string().min(1) }),
    z.object({ type: z.literal("choice"), choices: z.array(z.string().min(1)).min(1) }),
  ],
  {
    error: ({ code }) =>
      code === "invalid_union" ? "must be one of text, json_object, json_schema, regex, choice" : undefined,
  },
);

/** The format in core's words; undefined where text is free. */
export function responseFormatOf(wire: z.output<typeof ResponseFormatField> | null | undefined) {
  if (wire == null) return undefined;
  switch (wire.type) {
    case "text":
      return undefined;
    case "json_object":
      return jsonFormat(wire.schema);
    case "json_schema":
      return jsonFormat(wire.json_schema.schema);
    case "regex":
    case "choice":
      return wire satisfies ResponseFormat;
  }
}

/** JSON of this schema, or any JSON object. */
export function jsonFormat(schema: Record<string, unknown> | null | undefined): ResponseFormat {
  return schema == null ? { type: "json-object" } : { type: "json-schema", schema };
}
