import { describe, expect, it } from "vitest";
import type { Message } from "./message.js";
import { alternativesOf, leafOf, numAlternatives, pathTo } from "./tree.js";

function tree(...entries: [id: string, parentId: string | null, createdAt: number][]): Map<string, Message> {
  return new Map(
    entries.map(([id, parentId, createdAt]) => [
      id,
      { id, parentId, createdAt, conversationId: "c", role: "user", content: id },
    ]),
  );
}

describe("a conversation with branches", () => {
  const messages = tree(
    ["q", null, 1],
    ["a1", "q", 2],
    ["a2", "q", 4],
    ["q2", "a1", 3],
    ["q3", "a2", 5],
    ["q4", "a2", 6],
  );

  it("has a path to each message", () => {
    expect(pathTo(messages, "q2").map(({ id }) => id)).toEqual(["q", "a1", "q2"]);
    expect(pathTo(messages, null)).toEqual([]);
    expect(pathTo(messages, "unknown")).toEqual([]);
  });

  it("knows alternatives by age, and how many there are", () => {
    expect(alternativesOf(messages, messages.get("a2")!).map(({ id }) => id)).toEqual(["a1", "a2"]);
    expect(numAlternatives(messages).get("q")).toBe(2);
    expect(numAlternatives(messages).get(null)).toBe(1);
  });

  it("ends a branch at its newest message", () => {
    expect(leafOf(messages, "q")).toBe("q4");
    expect(leafOf(messages, "a1")).toBe("q2");
    expect(leafOf(messages, "q4")).toBe("q4");
  });

  it("isn't caught in a circle that a damaged store may hold", () => {
    const circle = tree(["a", "b", 1], ["b", "a", 2]);
    expect(pathTo(circle, "a").map(({ id }) => id)).toEqual(["b", "a"]);
    expect(["a", "b"]).toContain(leafOf(circle, "a"));
  });
});
