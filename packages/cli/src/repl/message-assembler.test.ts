import { describe, expect, it } from "vitest";
import { MessageAssembler } from "./message-assembler.js";

/** Pushes lines; gives every message that came of them. */
function messages(...lines: string[]) {
  const assembler = new MessageAssembler();
  const made = lines.flatMap((line) => assembler.push(line) ?? []);
  return { made, pending: assembler.pending };
}

describe("MessageAssembler", () => {
  it.each([
    [["hello"], "hello", false],
    [["  hello  "], "hello", false],
    [[""], "", false],
    [["one\\", "two\\", "three"], "one\ntwo\nthree", true],
    [['"""', "one", "", "two", '"""'], "one\n\ntwo", true],
    [['"""one', 'two"""'], "one\ntwo", true],
    [['"""exit"""'], "exit", true],
    [['  """one', "two\\", 'three """  '], "one\ntwo\\\nthree", true],
    [['say """ twice'], 'say """ twice', false],
  ])("%j is %j", (lines, text, literal) => {
    expect(messages(...lines)).toEqual({ made: [{ text, literal }], pending: false });
  });

  it("waits for the rest", () => {
    expect(messages("one\\")).toEqual({ made: [], pending: true });
    expect(messages('"""', "one\\")).toEqual({ made: [], pending: true });
  });

  it("keeps the lines of a paste together until Enter", () => {
    const assembler = new MessageAssembler();
    expect(assembler.push("exit", true)).toBeUndefined();
    expect(assembler.push("two\\", true)).toBeUndefined();
    expect(assembler.push("three")).toEqual({ text: "exit\ntwo\\\nthree", literal: true });
  });

  it("forgets what was begun when reset, and gives it when the input ends", () => {
    const assembler = new MessageAssembler();
    assembler.push('"""');
    assembler.push("one");
    assembler.reset();
    expect(assembler.finish()).toBeUndefined();
    assembler.push("two\\");
    expect(assembler.finish()).toEqual({ text: "two", literal: true });
  });
});
