import { expect, it } from "vitest";
import { ApiError } from "./errors.js";
import { templateKwargsOf, thinkingOf, type ThinkingFields } from "./thinking.js";

it.each<[Partial<ThinkingFields>, ReturnType<typeof thinkingOf>]>([
  [{}, undefined],
  [{ enable_thinking: true }, true],
  [{ enable_thinking: false }, false],
  [{ enable_thinking: null }, undefined],
  [{ chat_template_kwargs: { enable_thinking: true } }, true],
  [{ chat_template_kwargs: { enable_thinking: false } }, false],
  [{ chat_template_kwargs: { other: 1 } }, undefined],
  [{ enable_thinking: false, chat_template_kwargs: { enable_thinking: true } }, false],
  [{ reasoning_effort: "none" }, false],
  [{ reasoning_effort: "minimal" }, { budget: 256 }],
  [{ reasoning_effort: "low" }, { budget: 1024 }],
  [{ reasoning_effort: "medium" }, { budget: 4096 }],
  [{ reasoning_effort: "high" }, true],
  [{ reasoning_effort: "xhigh" }, true],
  [{ enable_thinking: false, reasoning_effort: "high" }, false],
  [{ enable_thinking: true, reasoning_effort: "none" }, true],
  [{ enable_thinking: true, reasoning_effort: "low" }, { budget: 1024 }],
  [{ thinking_budget: 0 }, false],
  [{ thinking_budget: 100 }, { budget: 100 }],
  [{ thinking_budget: -1 }, true],
  [{ thinking_budget: 100, enable_thinking: false }, false],
  [{ thinking_budget: 100, reasoning_effort: "high" }, { budget: 100 }],
  [{ reasoning: { effort: "low" } }, { budget: 1024 }],
  [{ reasoning: { max_tokens: 77 } }, { budget: 77 }],
  [{ reasoning: { enabled: true } }, true],
  [{ reasoning: { enabled: false, effort: "high" } }, false],
  [{ reasoning: {} }, undefined],
])("reads %j as %j", (wire, thinking) => {
  expect(thinkingOf(wire)).toEqual(thinking);
});

it("gives the template what isn't the switch", () => {
  expect(templateKwargsOf({ chat_template_kwargs: { enable_thinking: true, a: 1 } })).toEqual({ a: 1 });
  expect(templateKwargsOf({ chat_template_kwargs: { enable_thinking: true } })).toBeUndefined();
  expect(templateKwargsOf({})).toBeUndefined();
});

it("refuses a switch that is neither on nor off", () => {
  expect(() => thinkingOf({ chat_template_kwargs: { enable_thinking: "false" } })).toThrow(ApiError);
});
