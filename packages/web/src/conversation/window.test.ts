import { describe, expect, it } from "vitest";
import type { Message } from "./message.js";
import { budgetOf, mostTokens, numLeftOut, numToLeave, turnsOf } from "./window.js";

function said(...roles: Message["role"][]): Message[] {
  return roles.map((role, index) => ({
    ...{ id: String(index), conversationId: "c", parentId: index === 0 ? null : String(index - 1) },
    ...{ role, content: "x", createdAt: index },
  }));
}

describe("a conversation's window", () => {
  it("leaves out what comes before it, on branches that have it", () => {
    const path = said("user", "assistant", "user", "assistant");
    expect(numLeftOut(path, undefined)).toBe(0);
    expect(numLeftOut(path, { after: "1" })).toBe(2);
    expect(numLeftOut(path, { after: "3" })).toBe(4);
    expect(numLeftOut(path, { after: "elsewhere" })).toBe(0);
  });

  it("goes by whole turns", () => {
    const turns = turnsOf(said("user", "assistant", "tool", "assistant", "user", "assistant", "user"));
    expect(turns.map((turn) => turn.map(({ id }) => id))).toEqual([["0", "1", "2", "3"], ["4", "5"], ["6"]]);
  });

  it.each([
    [2048, undefined, 1536],
    [40_960, undefined, 39_936],
    [2048, 100, 1948],
    [2048, 5000, 1024],
  ])("of %i tokens with answers of %s gives %i to the prompt, as the SDK does", (limit, maxTokens, budget) => {
    expect(budgetOf(limit, maxTokens)).toBe(budget);
  });

  it("counts bytes where tokens needn't be counted", () => {
    expect(mostTokens(["né"])).toBe(3 + 16 + 200);
  });

  it.each([
    // Ten turns of 100 tokens each, in a budget of 1000: 700 may stay.
    [10, 1000, 3],
    [10, 200, 9],
    [10, 50, 9],
    [1, 50, 0],
    [2, 50, 1],
    [0, 50, 0],
  ])("of %i turns in a budget of %i leaves out %i", async (numTurns, budget, left) => {
    const asked: number[] = [];
    const count = async (numLeft: number) => {
      asked.push(numLeft);
      return (numTurns - numLeft) * 100;
    };
    expect(await numToLeave(numTurns, budget, count)).toBe(left);
    expect(asked.length).toBeLessThanOrEqual(4);
  });
});
