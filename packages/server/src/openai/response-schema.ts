import { z } from "@hono/zod-openapi";
import { ModelField } from "./chat-schema.js";
import { samplingFields, tokenLimit } from "./sampling.js";
import { thinkingFields } from "./thinking.js";
import { onlyFunctions } from "./tools.js";

const partError = ({ code }: { code?: string }) =>
  code === "invalid_union" ? "only text parts (input_text, output_text) are supported" : undefined;

const Parts = z.array(
  z.discriminatedUnion(
    "type",
    [
      z.object({ type: z.literal("input_text"), text: z.string() }),
      z.object({ type: z.literal("output_text"), text: z.string() }),
      z.object({ type: z.literal("text"), text: z.string() }),
      z.object({ type: z.literal("refusal"), refusal: z.string() }),
    ],
    { error: partError },
  ),
);

const Content = z.union([z.string(), Parts], { error: "must be a string or an array of text parts" });

const itemError = ({ code }: { code?: string }) =>
  code === "invalid_union"
    ? "must be message, function_call, function_call_output, reasoning or item_reference"
    : undefined;

const CallId = z.string().min(1).max(256);

/** One item of a response's input. */
export const InputItem = z
  .discriminatedUnion(
    "type",
    [
      z.object({
        type: z.literal("message").nullish(),
        role: z.enum(["system", "developer", "user", "assistant"]),
        content: Content,
      }),
      z.object({
        type: z.literal("function_call"),
        id: z.string().nullish(),
        call_id: CallId,
        name: z.string().min(1),
        arguments: z.string(),
      }),
      z.object({ type: z.literal("function_call_output"), call_id: CallId, output: Content }),
      z.object({
        type: z.literal("reasoning"),
        id: z.string().nullish(),
        summary: z.array(z.object({ type: z.literal("summary_text"), text: z.string() })).nullish(),
        content: z.array(z.object({ type: z.literal("reasoning_text"), text: z.string() })).nullish(),
      }),
      z.object({ type: z.literal("item_reference"), id: z.string().min(1) }),
    ],
    { error: itemError },
  )
  .openapi("ResponseInputItem");

export type InputItem = z.output<typeof InputItem>;

const Schema = z.record(z.string(), z.unknown());

const FunctionTool = z.object({
  type: z.literal("function", { error: onlyFunctions }),
  name: z.string().min(1).max(256),
  description: z.string().nullish(),
  parameters: Schema.nullish(),
  strict: z.boolean().nullish(),
});

const NamedFunction = z.object({ type: z.literal("function"), name: z.string().min(1) });

const ToolChoiceField = z.union(
  [
    z.enum(["none", "auto", "required"]),
    NamedFunction,
    z.object({
      type: z.literal("allowed_tools"),
      mode: z.enum(["auto", "required"]),
      tools: z.array(NamedFunction).min(1),
    }),
  ],
  { error: `must be "none", "auto", "required", a function or allowed_tools` },
);

const Format = z.discriminatedUnion(
  "type",
  [
    z.object({ type: z.literal("text") }),
    z.object({ type: z.literal("json_object") }),
    z.object({
      type: z.literal("json_schema"),
      name: z.string().nullish(),
      description: z.string().nullish(),
      schema: Schema,
      strict: z.boolean().nullish(),
    }),
  ],
  { error: ({ code }) => (code === "invalid_union" ? "must be one of text, json_object, json_schema" : undefined) },
);

const refused = (description: string) => z.unknown().optional().openapi({ type: "null", description });

/** The body of POST /v1/responses. Fields that aren't here are ignored. */
export const ResponseRequest = z
  .object({
    model: ModelField,
    input: z.union([z.string(), z.array(InputItem)], { error: "must be a string or an array of items" }),
    instructions: z.string().nullish(),
    previous_response_id: z.string().nullish().openapi({ description: "Goes on after a stored response." }),
    store: z.boolean().nullish().openapi({
      description: "Keep the response in memory, so that it can be read and gone on from. Default: true.",
    }),
    stream: z.boolean().nullish(),
    max_output_tokens: tokenLimit(1, "Most tokens of the answer, thinking included."),
    ...samplingFields,
    ...thinkingFields,
    reasoning: thinkingFields.reasoning.unwrap().unwrap().extend({ summary: z.string().nullish() }).nullish(),
    tools: z.array(FunctionTool).max(256).nullish(),
    tool_choice: ToolChoiceField.nullish(),
    parallel_tool_calls: z.boolean().nullish(),
    text: z.object({ format: Format.nullish() }).nullish(),
    include: z.array(z.string()).nullish(),
    top_logprobs: z.int().min(0).max(20).nullish(),
    truncation: z.literal("disabled", { error: `only "disabled" is supported` }).nullish(),
    metadata: z.record(z.string(), z.string()).nullish(),
    background: z.literal(false, { error: "background responses are not supported" }).nullish(),
    conversation: refused("Not supported: use previous_response_id."),
    prompt: refused("Not supported: stored prompts don't exist here."),
  })
  .openapi("ResponseRequest");

export type ResponseRequest = z.output<typeof ResponseRequest>;
