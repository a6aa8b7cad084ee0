import { IzwiError, type Tool as CoreTool, type ToolCall } from "@izwi/core";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { invalid, isRecord, messageOf } from "./errors.js";
import type { ToolRun } from "./reply.js";
import { toJsonSchema, validate, type InferOutput, type JsonSchema } from "./schema.js";

/** What a tool's function is told besides its arguments. */
export interface ToolContext {
  /** Fires when the answer is aborted or left: pass it on to what takes long. */
  signal: AbortSignal;
  /** The call's id, as events and history tell it. */
  id: string;
  /** The tool's name. */
  name: string;
}

/** A function that the model may call. */
export interface Tool<S extends StandardSchemaV1 = StandardSchemaV1> {
  /** What it does and when to use it: the model reads this. */
  description?: string;
  /** The arguments: an object schema of zod or another Standard Schema. Left out: no arguments. */
  parameters?: S;
  /** For a schema that can't be turned into a JSON schema by itself. */
  jsonSchema?: JsonSchema;
  /**
   * Does it. A text is handed to the model as it is, anything else as JSON. What it throws is told to the model as
   * well, so that it can try something else.
   */
  execute(args: InferOutput<S>, context: ToolContext): unknown;
}

/** Tools by name. */
// `any`: a record of tools with different arguments has no other common type.
export type Tools = Record<string, Tool<any>>;

/** A tool call that is about to run. */
export interface PendingToolCall {
  id: string;
  name: string;
  arguments: unknown;
}

/** Called before each tool call. Return false to refuse it: the model is then told so. */
export type OnToolCall = (call: PendingToolCall) => void | boolean | Promise<void | boolean>;

/** Only infers the types of a tool: `execute` gets what `parameters` validates to. */
export function tool<S extends StandardSchemaV1>(definition: Tool<S>): Tool<S> {
  return definition;
}

const NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/** The tools in the model's form. Throws `INVALID_REQUEST`, naming the tool. */
export function toCoreTools(tools: Tools): CoreTool[] {
  if (!isRecord(tools)) throw invalid("tools", "an object from name to tool", tools);
  return Object.entries(tools).map(([name, tool]) => {
    if (!NAME.test(name)) throw invalid("A tool's name", "1 to 64 letters, digits, _ or -", name);
    if (!isRecord(tool) || typeof tool.execute !== "function") {
      throw invalid(`tools.${name}`, "an object with an execute function", tool);
    }
    const { description, parameters, jsonSchema } = tool;
    if (description !== undefined && typeof description !== "string") {
      throw invalid(`tools.${name}.description`, "a text", description);
    }
    const schema =
      parameters === undefined
        ? (jsonSchema ?? { type: "object", properties: {}, additionalProperties: false })
        : toJsonSchema(parameters as StandardSchemaV1, jsonSchema, `tools.${name}.parameters`);
    return {
      type: "function",
      function: { name, ...(description !== undefined && { description }), parameters: schema },
    };
  });
}

/** The arguments parsed where that is possible, else their text. */
export function parseArguments(text: string): unknown {
  try {
    return JSON.parse(text.trim() === "" ? "{}" : text);
  } catch {
    return text;
  }
}

/**
 * Runs one call. What goes wrong in it becomes a result that the model reads; only an abort, and what `onToolCall`
 * throws, ends the answer.
 */
export async function runTool(
  tools: Tools,
  call: Required<ToolCall>,
  signal: AbortSignal,
  onToolCall: OnToolCall | undefined,
): Promise<ToolRun> {
  const { id, name } = call;
  const args = parseArguments(call.arguments);
  const run = { id, name, arguments: args };
  const failed = (why: string): ToolRun => ({ ...run, result: `Error: ${why}`, isError: true });
  if ((await onToolCall?.({ ...run })) === false) return failed("The user refused this call.");
  const tool = Object.hasOwn(tools, name) ? tools[name]! : undefined;
  if (tool === undefined) return failed(`There is no tool ${name}. There are: ${Object.keys(tools).join(", ")}.`);
  try {
    if (!isRecord(args)) return failed("The arguments aren't a JSON object.");
    const checked =
      tool.parameters === undefined ? { ok: true as const, value: args } : await validate(tool.parameters, args);
    if (!checked.ok) return failed(`The arguments are wrong: ${checked.issues.join("; ")}`);
    const result = resultText(await tool.execute(checked.value as never, { signal, id, name }));
    return { ...run, result, isError: false };
  } catch (error) {
    if (signal.aborted) throw new IzwiError("ABORTED", "The operation was aborted.", { cause: signal.reason });
    return failed(messageOf(error));
  }
}

function resultText(result: unknown): string {
  if (typeof result === "string") return result;
  return JSON.stringify(result) ?? "null";
}
