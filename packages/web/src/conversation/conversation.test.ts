import { describe, expect, it } from "vitest";
import { groupByAge, newConversation, titleOf, UNTITLED } from "./conversation.js";

it.each([
  ["Hello!", "Hello!"],
  ["\n\n## A heading\nand more", "A heading"],
  ["- a list", "a list"],
  ["```", UNTITLED],
  [
    "Explain to me, please, how a rainbow comes about and why it is bent",
    "Explain to me, please, how a rainbow comes about and why it…",
  ],
  ["x".repeat(100), `${"x".repeat(60)}…`],
])("%j is titled %j", (question, title) => {
  expect(titleOf(question)).toBe(title);
});

describe("conversations by age", () => {
  const now = new Date(2026, 10, 24, 9, 30).getTime();
  const ago = (hours: number) => ({ ...newConversation(), updatedAt: now - hours * 3_600_000 });

  it("are grouped, newest first, without empty groups", () => {
    const groups = groupByAge([ago(2000), ago(1), ago(2), ago(20), ago(100)], now);
    expect(groups.map(({ label }) => label)).toEqual(["Today", "Yesterday", "Previous 7 days", "Older"]);
    const [first, second] = groups[0]!.conversations;
    expect(first!.updatedAt).toBeGreaterThan(second!.updatedAt);
  });
});
