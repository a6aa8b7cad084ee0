import type { ChatRequest, Tool, ToolChoice } from "@izwi/core";
import { z } from "@hono/zod-openapi";
import { badParameter } from "./errors.js";

const FunctionName = z.string().min(1).max(256);

export const onlyFunctions = ({ code }: { code?: string }) =>
  code === "invalid_union" || code === "invalid_value" ? `only tools of the type "function" are supported` : undefined;

const FunctionTool = z.object({
  type: z.literal("function", { error: onlyFunctions }),
  function: z.object({
    name: FunctionName,
    description: z.string().nullish(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
    strict: z.boolean().nullish(),
  }),
});

const NamedFunction = z.object({
  type: z.literal("function"),
  function: z.object({ name: FunctionName }),
});

const Mode = z.enum(["none", "auto", "required"]);

const ToolChoiceField = z.union(
  [
    Mode,
    NamedFunction,
    z.object({
      type: z.literal("allowed_tools"),
      allowed_tools: z.object({ mode: z.enum(["auto", "required"]), tools: z.array(NamedFunction).min(1) }),
    }),
  ],
  { error: `must be "none", "auto", "required", a function or allowed_tools` },
);

export const toolFields = {
  tools: z.array(FunctionTool).max(256).nullish(),
  tool_choice: ToolChoiceField.nullish().openapi({ description: "Default: auto." }),
  parallel_tool_calls: z.boolean().nullish().openapi({ description: "False: at most one call. Default: true." }),
};

const ToolFields = z.object(toolFields);
export type ToolFields = z.output<typeof ToolFields>;

type ToolSettings = Pick<ChatRequest, "tools" | "toolChoice" | "parallelToolCalls">;

/** Tools and their choice in core's words. */
export function toolSettings(wire: ToolFields): ToolSettings {
  const tools = (wire.tools ?? []).map(({ function: tool }) => toTool(tool));
  const { allowed, choice } = choiceOf(wire.tool_choice);
  return chosenTools(tools, allowed, choice, wire.parallel_tool_calls);
}

/** What of `tools` is offered, where `allowed` narrows them. Throws for a choice that no tool meets. */
export function chosenTools(
  tools: Tool[],
  allowed: string[] | undefined,
  choice: ToolChoice | undefined,
  parallel: boolean | null | undefined,
): ToolSettings {
  const names = new Set(tools.map((tool) => tool.function.name));
  const wanted = allowed ?? (typeof choice === "object" ? [choice.name] : []);
  for (const name of wanted) {
    if (!names.has(name))
      throw badParameter("tool_choice", `tool_choice names "${name}", which isn't among the tools.`);
  }
  if (tools.length === 0) {
    if (choice === "required") throw badParameter("tool_choice", `tool_choice is "required", but there are no tools.`);
    return {};
  }
  const offered = allowed ? tools.filter((tool) => allowed.includes(tool.function.name)) : tools;
  const settings: ToolSettings = { tools: offered };
  if (choice !== undefined) settings.toolChoice = choice;
  if (parallel != null) settings.parallelToolCalls = parallel;
  return settings;
}

interface WireFunction {
  name: string;
  description?: string | null | undefined;
  parameters?: Record<string, unknown> | null | undefined;
}

/** A tool as the chat template writes it into the prompt: without `strict`, which the model wasn't trained with. */
export function toTool({ name, description, parameters }: WireFunction): Tool {
  const tool: Tool = { type: "function", function: { name } };
  if (description != null) tool.function.description = description;
  if (parameters != null) tool.function.parameters = parameters;
  return tool;
}

function choiceOf(wire: ToolFields["tool_choice"]): { allowed?: string[]; choice?: ToolChoice } {
  if (wire == null) return {};
  if (typeof wire === "string") return { choice: wire };
  if (wire.type === "function") return { choice: { name: wire.function.name } };
  const { mode, tools } = wire.allowed_tools;
  return { choice: mode, allowed: tools.map((tool) => tool.function.name) };
}
