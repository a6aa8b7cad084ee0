import { expect, it } from "vitest";
import { NUMBER_FIELDS, toSetting, withoutSampling, withSetting } from "./settings.js";

const field = (name: string) => NUMBER_FIELDS.find((each) => each.name === name)!;

it.each([
  ["temperature", "0", 0],
  ["temperature", " 0,7 ", 0.7],
  ["temperature", "9", 2],
  ["temperature", "", undefined],
  ["temperature", "warm", undefined],
  ["topK", "20.4", 20],
  ["topK", "-3", 0],
  ["maxTokens", "0", 1],
])("%s typed as %j is %s", (name, text, value) => {
  expect(toSetting(field(name), text)).toBe(value);
});

it("gives a setting back to the model", () => {
  expect(withSetting({ temperature: 0, topK: 3 }, "temperature", undefined)).toEqual({ topK: 3 });
  expect(withSetting({}, "thinking", true)).toEqual({ thinking: true });
});

it("gives all of the sampling back, and keeps the rest", () => {
  const kept = { thinking: true, memory: false, overflow: "slide", maxSteps: 2 } as const;
  expect(withoutSampling({ ...kept, temperature: 0, stop: "x", logitBias: { 1: 1 }, seed: 1 })).toEqual(kept);
  expect(withoutSampling({ topP: 1 })).toEqual({});
});
