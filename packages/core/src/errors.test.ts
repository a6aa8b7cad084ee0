import { describe, expect, it } from "vitest";
import { abortError, ERROR_CODES, fromNativeError, fromNativeEvent, invalid, IzwiError } from "./errors.js";

describe("fromNativeError", () => {
  it("splits the code from the text, for every code", () => {
    for (const code of ERROR_CODES) {
      const cause = new Error(`${code}: first line\nsecond: line`);
      expect(fromNativeError(cause)).toMatchObject({ code, message: "first line\nsecond: line", cause });
    }
  });

  it("makes everything else an internal error that keeps its text", () => {
    expect(fromNativeError(new Error("SOME_OTHER: text"))).toMatchObject({
      code: "INTERNAL",
      message: "SOME_OTHER: text",
    });
    expect(fromNativeError(new Error("no code"))).toMatchObject({ code: "INTERNAL", message: "no code" });
    expect(fromNativeError("just text")).toMatchObject({ code: "INTERNAL", message: "just text" });
  });

  it("leaves an IzwiError as it is", () => {
    const error = new IzwiError("CLOSED", "closed");
    expect(fromNativeError(error)).toBe(error);
  });
});

describe("fromNativeEvent", () => {
  it("keeps a known code and replaces an unknown one", () => {
    expect(fromNativeEvent("QUEUE_FULL", "full")).toMatchObject({ code: "QUEUE_FULL", message: "full" });
    expect(fromNativeEvent("WHATEVER", "text")).toMatchObject({ code: "INTERNAL", message: "text" });
    expect(fromNativeEvent(undefined, undefined).code).toBe("INTERNAL");
  });
});

describe("IzwiError", () => {
  it("is an AbortError by name only when it was aborted", () => {
    const aborted = abortError(AbortSignal.abort("why"));
    expect(aborted).toMatchObject({ name: "AbortError", code: "ABORTED", cause: "why" });
    expect(new IzwiError("CLOSED", "x").name).toBe("IzwiError");
  });

  it.each([
    [null, "null"],
    [[1, 2], "an array of 2"],
    [Number.NaN, "NaN"],
    ["text", `"text"`],
    ["x".repeat(99), `"${"x".repeat(40)}…"`],
    [{}, "an object"],
    [() => {}, "a function"],
  ])("says what a wrong value is: %j", (value, description) => {
    expect(invalid("topK", "a number", value).message).toBe(`topK must be a number, but it is ${description}.`);
  });
});
