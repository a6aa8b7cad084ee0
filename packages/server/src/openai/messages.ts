import type { AssistantMessage, ChatMessage } from "@izwi/core";
import { z } from "@hono/zod-openapi";

const onlyText = ({ code }: { code?: string }) =>
  code === "invalid_union" ? `only content parts of the type "text" are supported` : undefined;

const TextPart = z.object({ type: z.literal("text"), text: z.string() });
const RefusalPart = z.object({ type: z.literal("refusal"), refusal: z.string() });

const Content = z.union([z.string(), z.array(z.discriminatedUnion("type", [TextPart], { error: onlyText })).min(1)], {
  error: "must be a string or an array of text parts",
});
const AssistantContent = z.union(
  [z.string(), z.array(z.discriminatedUnion("type", [TextPart, RefusalPart], { error: onlyText }))],
  { error: "must be a string or an array of text parts" },
);

const AssistantToolCall = z.object({
  id: z.string().nullish(),
  type: z.literal("function").nullish(),
  function: z.object({
    name: z.string().min(1),
    arguments: z.union([z.string(), z.record(z.string(), z.unknown())], { error: "must be a JSON text" }),
  }),
});

const roleError = ({ code }: { code?: string }) =>
  code === "invalid_union" ? "must be system, developer, user, assistant or tool" : undefined;

/** One message of the conversation. */
export const Message = z
  .discriminatedUnion(
    "role",
    [
      z.object({ role: z.literal("system"), content: Content }),
      z.object({ role: z.literal("developer"), content: Content }),
      z.object({ role: z.literal("user"), content: Content }),
      z.object({
        role: z.literal("assistant"),
        content: AssistantContent.nullish(),
        refusal: z.string().nullish(),
        reasoning_content: z.string().nullish(),
        reasoning: z.string().nullish().openapi({ description: "The same as reasoning_content." }),
        tool_calls: z.array(AssistantToolCall).nullish(),
      }),
      z.object({
        role: z.literal("tool"),
        content: Content,
        tool_call_id: z.string().nullish(),
        name: z.string().nullish(),
      }),
    ],
    { error: roleError },
  )
  .openapi("ChatMessage");

type WireMessage = z.output<typeof Message>;

/** A message in core's words. */
export function toChatMessage(wire: WireMessage): ChatMessage {
  switch (wire.role) {
    case "system":
    case "developer":
      return { role: "system", content: textOf(wire.content) };
    case "user":
      return { role: "user", content: textOf(wire.content) };
    case "assistant":
      return toAssistantMessage(wire);
    case "tool": {
      const message: ChatMessage = { role: "tool", content: textOf(wire.content) };
      if (wire.tool_call_id != null) message.toolCallId = wire.tool_call_id;
      if (wire.name != null) message.name = wire.name;
      return message;
    }
  }
}

function toAssistantMessage(wire: Extract<WireMessage, { role: "assistant" }>): AssistantMessage {
  const message: AssistantMessage = { role: "assistant", content: textOf(wire.content ?? wire.refusal ?? "") };
  const reasoning = wire.reasoning_content ?? wire.reasoning;
  if (reasoning) message.reasoningContent = reasoning;
  if (wire.tool_calls != null && wire.tool_calls.length > 0) {
    message.toolCalls = wire.tool_calls.map(({ id, function: { name, arguments: args } }) => {
      // Some clients send no text at all for a call without arguments.
      const call = { name, arguments: typeof args === "string" ? args.trim() || "{}" : JSON.stringify(args) };
      return id == null ? call : { id, ...call };
    });
  }
  return message;
}

type Part = { type: "text"; text: string } | { type: "refusal"; refusal: string };

/** A content's text; parts are paragraphs of their own. */
function textOf(content: string | readonly Part[]): string {
  if (typeof content === "string") return content;
  return content.map((part) => (part.type === "text" ? part.text : part.refusal)).join("\n");
}
