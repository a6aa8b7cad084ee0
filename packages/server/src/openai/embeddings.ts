import { z } from "@hono/zod-openapi";
import type { ServedModel } from "../model-source.js";
import { ModelField } from "./chat-schema.js";
import type { TokenizedText } from "./completion-request.js";
import { TextsField } from "./completion-schema.js";
import { badParameter } from "./errors.js";
import { interleave } from "./interleave.js";
import { MOST_AT_ONCE } from "./sampling.js";

/** The body of POST /v1/embeddings. Fields that aren't here are ignored. */
export const EmbeddingRequest = z
  .object({
    model: ModelField,
    input: TextsField,
    encoding_format: z.enum(["float", "base64"]).nullish().openapi({ description: "Default: float." }),
    dimensions: z.int().min(1).nullish().openapi({
      description: "Keep only so many numbers, as a vector of length 1 again. Default: the model's hidden size.",
    }),
    pooling: z.enum(["mean", "last"]).nullish().openapi({
      description: "How tokens become one vector. Default: mean; embedding models want last.",
    }),
  })
  .openapi("EmbeddingRequest");

export type EmbeddingRequest = z.output<typeof EmbeddingRequest>;

/** The answer of POST /v1/embeddings. */
export const EmbeddingList = z
  .object({
    object: z.literal("list"),
    data: z.array(
      z.object({
        object: z.literal("embedding"),
        index: z.int(),
        embedding: z.union([z.array(z.number()), z.string()]).openapi({
          description: "Numbers, or the base64 of 32-bit floats, lowest byte first.",
        }),
      }),
    ),
    model: z.string(),
    usage: z.object({ prompt_tokens: z.int(), total_tokens: z.int() }),
  })
  .openapi("EmbeddingList");

export type EmbeddingList = z.output<typeof EmbeddingList>;

/** Embeds the texts, a few at a time, and answers in their order. */
export async function embedAll(
  model: ServedModel,
  texts: readonly TokenizedText[],
  wire: EmbeddingRequest,
  name: string,
  signal: AbortSignal,
): Promise<EmbeddingList> {
  const { hiddenSize } = model.info;
  const dimensions = wire.dimensions ?? hiddenSize;
  if (dimensions > hiddenSize) {
    throw badParameter("dimensions", `dimensions is ${dimensions}, but this model's embeddings have ${hiddenSize}.`);
  }
  const options = { pooling: wire.pooling ?? "mean", signal } as const;
  const sources = texts.map(
    ({ tokenIds }) =>
      async function* () {
        yield shortened(await model.embed(tokenIds, options), dimensions);
      },
  );
  const data: EmbeddingList["data"] = [];
  for await (const { index, value } of interleave(sources, MOST_AT_ONCE)) {
    const embedding = wire.encoding_format === "base64" ? base64(value) : Array.from(value);
    data[index] = { object: "embedding", index, embedding };
  }
  const prompt_tokens = texts.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
  return { object: "list", data, model: name, usage: { prompt_tokens, total_tokens: prompt_tokens } };
}

/** The first numbers of a vector, as one of length 1 again. */
function shortened(vector: Float32Array, dimensions: number): Float32Array {
  if (dimensions >= vector.length) return vector;
  const rest = vector.subarray(0, dimensions);
  const length = Math.sqrt(rest.reduce((sum, value) => sum + value * value, 0));
  return length > 0 ? rest.map((value) => value / length) : rest;
}

function base64(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4);
  vector.forEach((value, index) => bytes.writeFloatLE(value, index * 4));
  return bytes.toString("base64");
}
