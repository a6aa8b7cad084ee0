import type { ChatRequest } from "@izwi/core";
import { z } from "@hono/zod-openapi";
import { badParameter } from "./errors.js";

const Effort = z.enum(["none", "minimal", "low", "medium", "high", "xhigh"]);
export type Effort = z.output<typeof Effort>;

const Budget = z.int().min(-1);

/** The fields that other servers have for switching thinking on and off, and for its length. */
export const thinkingFields = {
  enable_thinking: z.boolean().nullish().openapi({ description: "Default: false." }),
  chat_template_kwargs: z
    .record(z.string(), z.unknown())
    .nullish()
    .openapi({ description: "Variables for the model's chat template, enable_thinking among them." }),
  reasoning_effort: Effort.nullish().openapi({
    description: "none: off; minimal, low, medium: at most 256, 1024, 4096 tokens of thinking; high, xhigh: no limit.",
  }),
  thinking_budget: Budget.nullish().openapi({
    description: "Most tokens of thinking, after which the answer begins. 0: off; -1: no limit.",
  }),
  reasoning: z
    .object({ effort: Effort.nullish(), max_tokens: Budget.nullish(), enabled: z.boolean().nullish() })
    .nullish()
    .openapi({ description: "The same in an object." }),
};

const ThinkingFields = z.object(thinkingFields);
export type ThinkingFields = z.output<typeof ThinkingFields>;

/** Tokens of thinking for an effort; what isn't here has no limit. */
const BUDGET_OF_EFFORT: Partial<Record<Effort, number>> = { none: 0, minimal: 256, low: 1024, medium: 4096 };

/**
 * How to think. A switch (`enable_thinking`) outdoes a budget, and a budget in tokens outdoes an effort. Undefined
 * where nothing was asked for: core's default holds.
 */
export function thinkingOf(wire: ThinkingFields): ChatRequest["thinking"] {
  const enabled = wire.enable_thinking ?? enabledByTemplate(wire) ?? wire.reasoning?.enabled;
  if (enabled === false) return false;
  const effort = wire.reasoning_effort ?? wire.reasoning?.effort;
  const budget = wire.thinking_budget ?? wire.reasoning?.max_tokens ?? budgetOfEffort(effort);
  if (budget === undefined) return enabled ?? undefined;
  if (budget === 0) return enabled ?? false;
  return budget === -1 ? true : { budget };
}

/** Template variables without the switch, which core sets itself. */
export function templateKwargsOf(wire: ThinkingFields): ChatRequest["templateKwargs"] {
  if (wire.chat_template_kwargs == null) return undefined;
  const { enable_thinking: _, ...rest } = wire.chat_template_kwargs;
  return Object.keys(rest).length > 0 ? rest : undefined;
}

function enabledByTemplate(wire: ThinkingFields): boolean | undefined {
  const value = wire.chat_template_kwargs?.["enable_thinking"];
  if (value == null) return undefined;
  if (typeof value === "boolean") return value;
  const field = "chat_template_kwargs.enable_thinking";
  throw badParameter(field, `${field} must be true or false.`);
}

function budgetOfEffort(effort: Effort | null | undefined): number | undefined {
  if (effort == null) return undefined;
  return BUDGET_OF_EFFORT[effort] ?? -1;
}
