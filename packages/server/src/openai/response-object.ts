import { z } from "@hono/zod-openapi";
import { LogprobsField } from "./logprobs.js";

const Status = z.enum(["in_progress", "completed", "incomplete"]);

const OutputText = z.object({
  type: z.literal("output_text"),
  text: z.string(),
  annotations: z.array(z.record(z.string(), z.unknown())),
  logprobs: LogprobsField.shape.content,
});

const ReasoningItem = z.object({
  id: z.string(),
  type: z.literal("reasoning"),
  summary: z.array(z.object({ type: z.literal("summary_text"), text: z.string() })),
  content: z.array(z.object({ type: z.literal("reasoning_text"), text: z.string() })),
  encrypted_content: z.null(),
  status: Status,
});

const MessageItem = z.object({
  id: z.string(),
  type: z.literal("message"),
  role: z.literal("assistant"),
  status: Status,
  content: z.array(OutputText),
});

const FunctionCallItem = z.object({
  id: z.string(),
  type: z.literal("function_call"),
  call_id: z.string(),
  name: z.string(),
  arguments: z.string(),
  status: Status,
});

/** One item of a response's output. */
export const OutputItem = z.discriminatedUnion("type", [ReasoningItem, MessageItem, FunctionCallItem]);

export type OutputText = z.output<typeof OutputText>;
export type ReasoningItem = z.output<typeof ReasoningItem>;
export type MessageItem = z.output<typeof MessageItem>;
export type FunctionCallItem = z.output<typeof FunctionCallItem>;
export type OutputItem = z.output<typeof OutputItem>;

const Count = z.int().min(0);

/** A response, running or ended. */
export const ResponseObject = z
  .object({
    id: z.string(),
    object: z.literal("response"),
    created_at: z.int(),
    status: z.enum(["in_progress", "completed", "incomplete", "failed"]),
    background: z.literal(false),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    incomplete_details: z.object({ reason: z.literal("max_output_tokens") }).nullable(),
    instructions: z.string().nullable(),
    max_output_tokens: z.int().nullable(),
    model: z.string(),
    output: z.array(OutputItem),
    parallel_tool_calls: z.boolean(),
    previous_response_id: z.string().nullable(),
    reasoning: z.object({ effort: z.string().nullable(), summary: z.string().nullable() }),
    store: z.boolean(),
    temperature: z.number(),
    text: z.object({ format: z.record(z.string(), z.unknown()) }),
    tool_choice: z.union([z.string(), z.record(z.string(), z.unknown())]),
    tools: z.array(z.record(z.string(), z.unknown())),
    top_logprobs: z.int(),
    top_p: z.number(),
    truncation: z.literal("disabled"),
    usage: z
      .object({
        input_tokens: Count,
        input_tokens_details: z.object({ cached_tokens: Count }),
        output_tokens: Count,
        output_tokens_details: z.object({ reasoning_tokens: Count }),
        total_tokens: Count,
      })
      .nullable(),
    user: z.null(),
    metadata: z.record(z.string(), z.string()),
  })
  .openapi("Response");

export type ResponseObject = z.output<typeof ResponseObject>;

/** One event of a streamed response. The fields besides these depend on the type. */
export const ResponseEvent = z
  .looseObject({ type: z.string().openapi({ example: "response.output_text.delta" }), sequence_number: z.int() })
  .openapi("ResponseEvent");

export const DeletedResponse = z
  .object({ id: z.string(), object: z.literal("response"), deleted: z.literal(true) })
  .openapi("DeletedResponse");
