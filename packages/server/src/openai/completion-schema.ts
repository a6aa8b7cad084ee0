import { z } from "@hono/zod-openapi";
import { ModelField } from "./chat-schema.js";
import { LegacyLogprobsField } from "./logprobs.js";
import { ResponseFormatField } from "./response-format.js";
import { samplingFields, tokenLimit } from "./sampling.js";
import { TimingsField, UsageField } from "./usage.js";

export const TokenIds = z.array(z.int().min(0).max(0xffff_ffff)).min(1, { error: "must hold at least one token id" });

const NOT_EMPTY = { error: "must not be empty" };
const Text = z.string().min(1, NOT_EMPTY);

/** One or several texts, each as a string or as token ids. */
export const TextsField = z.union([Text, TokenIds, z.array(TokenIds).min(1), z.array(Text).min(1, NOT_EMPTY)], {
  error: "must be a string, an array of strings, an array of token ids or an array of such arrays",
});

/** The body of POST /v1/completions. Fields that aren't here are ignored. */
export const CompletionRequest = z
  .object({
    model: ModelField,
    prompt: TextsField.openapi({ description: "Special tokens are read as such; no chat template is applied." }),
    ...samplingFields,
    max_tokens: tokenLimit(0, "Default: 16, as OpenAI's. 0 with echo only scores."),
    echo: z.boolean().nullish().openapi({ description: "Repeat the prompt before the answer." }),
    logprobs: z.int().min(0).max(20).nullish().openapi({ description: "Alternatives to tell for each token." }),
    n: z.int().min(1).nullish(),
    best_of: z.int().min(1).nullish().openapi({ description: "Only the value of n is supported." }),
    suffix: z.string().nullish().openapi({ description: "Not supported." }),
    stream: z.boolean().nullish(),
    stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
    response_format: ResponseFormatField.nullish(),
  })
  .openapi("CompletionRequest");

export type CompletionRequest = z.output<typeof CompletionRequest>;

/** An answer of POST /v1/completions, and with `stream` each event of one. */
export const Completion = z
  .object({
    id: z.string(),
    object: z.literal("text_completion"),
    created: z.int(),
    model: z.string(),
    system_fingerprint: z.string(),
    choices: z.array(
      z.object({
        index: z.int(),
        text: z.string(),
        logprobs: LegacyLogprobsField.nullable(),
        finish_reason: z.enum(["stop", "length"]).nullable(),
      }),
    ),
    usage: UsageField.nullable().optional(),
    timings: TimingsField.optional(),
  })
  .openapi("Completion");

export type Completion = z.output<typeof Completion>;
