import { describe, expect, it } from "vitest";
import { SpokenText, spokenSentences } from "./spoken-text.js";

describe("a Markdown text read aloud", () => {
  it.each([
    [
      "Good morning to all of you. How are you doing today?",
      ["Good morning to all of you.", "How are you doing today?"],
    ],
    // Too short to be worth a pause of its own.
    ["Hello there. How are you?", ["Hello there. How are you?"]],
    ["Dr. Smith paid 3.50 euros at 5 p.m. today.", ["Dr. Smith paid 3.50 euros at 5 p.m. today."]],
    ["# A heading\n\nText.", ["A heading", "Text."]],
    ["It is **really** _very_ `nice`.", ["It is really very nice."]],
    ["See [the guide](https://example.org/a/b?c=d) for more.", ["See the guide for more."]],
    ["Before.\n\n```js\nconst a = 1;\n```\n\nAfter.", ["Before.", "After."]],
    ["- one\n- two\n", ["one", "two"]],
    ["---\n", []],
  ])("%j", (markdown, sentences) => {
    expect(spokenSentences(markdown)).toEqual(sentences);
  });

  it("is the same however it comes in pieces", () => {
    const text =
      "# Title\n\nOne sentence, then another. A list:\n\n- first *item*\n- second\n\n```\ncode.\n```\nThe end. Really?";
    const whole = spokenSentences(text);
    expect(whole.length).toBeGreaterThan(5);
    for (const size of [1, 2, 3, 7, 20]) {
      const spoken = new SpokenText();
      const sentences: string[] = [];
      for (let at = 0; at < text.length; at += size) sentences.push(...spoken.push(text.slice(at, at + size)));
      expect([...sentences, ...spoken.end()]).toEqual(whole);
    }
  });

  it("gives a sentence as soon as it is complete", () => {
    const spoken = new SpokenText();
    expect(spoken.push("The first sentence is long enough. And")).toEqual(["The first sentence is long enough."]);
    expect(spoken.push(" the second isn't")).toEqual([]);
    expect(spoken.end()).toEqual(["And the second isn't"]);
  });
});
