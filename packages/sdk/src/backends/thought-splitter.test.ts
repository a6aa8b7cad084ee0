import { describe, expect, it } from "vitest";
import { ThoughtSplitter } from "./thought-splitter.js";

/** Splits a text that comes in pieces of `size` characters. */
function split(text: string, size: number) {
  const splitter = new ThoughtSplitter();
  const events: { type: string; text: string }[] = [];
  for (let at = 0; at < text.length; at += size) events.push(...splitter.add(text.slice(at, at + size)));
  events.push(...splitter.end());
  const joined = (type: string) => events.map((event) => (event.type === type ? event.text : "")).join("");
  return [joined("reasoning-delta"), joined("text-delta")];
}

describe.each([1, 2, 3, 5, 8, 100])("pieces of %i characters", (size) => {
  it.each([
    ["a thought", "<think>\nHm. So 2 < 3 </ then.\n</think>\n\nYes.", "Hm. So 2 < 3 </ then.", "Yes."],
    ["white space before it", "\n<think>Hm.</think>Yes.", "Hm.", "Yes."],
    ["an empty thought", "<think>\n\n</think>\n\nYes.", "", "Yes."],
    ["no thought", "Yes, <think> is a tag, </think> too.", "", "Yes, <think> is a tag, </think> too."],
    ["a thought that doesn't end", "<think>Hm, well", "Hm, well", ""],
    ["a beginning that is none", "<thin ice", "", "<thin ice"],
    ["a tag within the answer", "<think>a</think>b<think>c</think>", "a", "b<think>c</think>"],
  ])("%s", (_, text, reasoning, answer) => {
    expect(split(text, size)).toEqual([reasoning, answer]);
  });
});
