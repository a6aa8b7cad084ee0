import { z } from "@hono/zod-openapi";
import { LogprobsField } from "./logprobs.js";
import { Message } from "./messages.js";
import { ResponseFormatField } from "./response-format.js";
import { samplingFields, tokenLimit } from "./sampling.js";
import { thinkingFields } from "./thinking.js";
import { toolFields } from "./tools.js";
import { TimingsField, UsageField } from "./usage.js";

export const ModelField = z
  .string()
  .max(1024)
  .nullish()
  .openapi({ description: "A model's name. Default: the server's default model." });

/** A field that is known and can't be served: the request is refused instead of being answered differently. */
const refused = (description: string) => z.unknown().optional().openapi({ type: "null", description });

/** What makes a prompt: what /apply-template takes, too. */
export const promptFields = {
  messages: z.array(Message).min(1, { error: "must hold at least one message" }),
  ...toolFields,
  ...thinkingFields,
};

/** The body of POST /v1/chat/completions. Fields that aren't here are ignored. */
export const ChatCompletionRequest = z
  .object({
    model: ModelField,
    ...promptFields,
    ...samplingFields,
    n: z.int().min(1).nullish().openapi({ description: "Answers to give. Default: 1." }),
    max_completion_tokens: tokenLimit(1, "Most tokens of the answer, thinking included."),
    max_tokens: tokenLimit(1, "The older name of max_completion_tokens."),
    stream: z.boolean().nullish(),
    stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
    logprobs: z.boolean().nullish(),
    top_logprobs: z.int().min(0).max(20).nullish(),
    response_format: ResponseFormatField.nullish(),
    modalities: z.array(z.literal("text", { error: "only text is supported" })).nullish(),
    functions: refused("Not supported: use tools."),
    function_call: refused("Not supported: use tool_choice."),
    audio: refused("Not supported."),
    web_search_options: refused("Not supported."),
  })
  .openapi("ChatCompletionRequest");

export type ChatCompletionRequest = z.output<typeof ChatCompletionRequest>;

/** Names of the fields that are refused. */
export const REFUSED_FIELDS = {
  functions: "functions is not supported any more: use tools.",
  function_call: "function_call is not supported any more: use tool_choice.",
  audio: "audio is not supported: this server answers with text.",
  web_search_options: "web_search_options is not supported: this server has no access to the web.",
} as const;

const FinishReason = z.enum(["stop", "length", "tool_calls"]);

const Answer = {
  id: z.string().openapi({ example: "chatcmpl-123" }),
  created: z.int(),
  model: z.string(),
  system_fingerprint: z.string(),
};

/** The answer of POST /v1/chat/completions. */
export const ChatCompletion = z
  .object({
    ...Answer,
    object: z.literal("chat.completion"),
    choices: z.array(
      z.object({
        index: z.int(),
        message: z.object({
          role: z.literal("assistant"),
          content: z.string().nullable(),
          refusal: z.null(),
          reasoning_content: z.string().optional(),
          tool_calls: z
            .array(
              z.object({
                id: z.string(),
                type: z.literal("function"),
                function: z.object({ name: z.string(), arguments: z.string() }),
              }),
            )
            .optional(),
        }),
        logprobs: LogprobsField.nullable(),
        finish_reason: FinishReason,
      }),
    ),
    usage: UsageField,
    timings: TimingsField.optional(),
  })
  .openapi("ChatCompletion");

export type ChatCompletion = z.output<typeof ChatCompletion>;

/** One event of a streamed answer. */
export const ChatCompletionChunk = z
  .object({
    ...Answer,
    object: z.literal("chat.completion.chunk"),
    choices: z.array(
      z.object({
        index: z.int(),
        delta: z.object({
          role: z.literal("assistant").optional(),
          content: z.string().optional(),
          reasoning_content: z.string().optional(),
          tool_calls: z
            .array(
              z.object({
                index: z.int(),
                id: z.string().optional(),
                type: z.literal("function").optional(),
                function: z.object({ name: z.string().optional(), arguments: z.string() }),
              }),
            )
            .optional(),
        }),
        logprobs: LogprobsField.nullable(),
        finish_reason: FinishReason.nullable(),
      }),
    ),
    usage: UsageField.nullable().optional(),
    timings: TimingsField.optional(),
  })
  .openapi("ChatCompletionChunk");

export type ChatCompletionChunk = z.output<typeof ChatCompletionChunk>;
