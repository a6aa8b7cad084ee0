import { writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { FakeWorld } from "../fakes/fake-world.js";

const installed = ["a"];

describe("tokenize", () => {
  it("shows a text's tokens, in every format", async () => {
    const world = new FakeWorld({ installed });
    expect(await world.run("tokenize", "Hi", "-m", "a")).toBe(0);
    expect(world.stdout.text).toBe(' ID  TEXT\n 72  "H"\n105  "i"\n');
    const json = new FakeWorld({ installed });
    await json.run("tokenize", "<|im_end|>!", "--special", "-m", "a", "--json");
    expect(JSON.parse(json.stdout.text)).toMatchObject({ model: "a", count: 2, tokens: [{ id: 0 }, { id: 33 }] });
    const plain = new FakeWorld({ installed });
    await plain.run("tokenize", "Hi", "-m", "a", "--output-format", "plain");
    expect(plain.stdout.text).toBe("72\n105\n");
  });

  it("takes special tokens for text, and reads standard input", async () => {
    const world = new FakeWorld();
    world.type("<|im_end|>");
    expect(await world.run("tokenize", "--count")).toBe(0);
    expect(world.stdout.text).toBe("10\n");
    expect(world.stderr.text).toContain("the built-in model is used");
    expect(world.core.model.closed).toBe(true);
    expect(await new FakeWorld().run("tokenize", "x", "-m", "absent")).toBe(1);
  });
});

describe("perplexity", () => {
  function withText(text: string) {
    const world = new FakeWorld({ installed });
    const file = path.join(world.env["XDG_STATE_HOME"]!, "text.txt");
    writeFileSync(file, text);
    return { world, file };
  }

  it("slides a window over the text", async () => {
    const { world, file } = withText("abcdef");
    expect(await world.run("perplexity", file, "-m", "a", "--window", "4", "--stride", "2", "--json")).toBe(0);
    const found = JSON.parse(world.stdout.text);
    expect(world.core.model.scored.map((ids) => String.fromCodePoint(...ids))).toEqual(["abcd", "cdef"]);
    // The places within their windows of the tokens that count: 1, 2, 3 and then 2, 3.
    const nll = [1, 2, 3, 2, 3].reduce((sum, place) => sum + 1 + 1 / place, 0) / 5;
    expect(found).toMatchObject({ method: "sliding", tokens: 5, textTokens: 6, window: 4, stride: 2 });
    expect(found.perplexity).toBeCloseTo(Math.exp(nll));
    expect(world.core.loaded[0]!.options).toMatchObject({ contextLength: 4 });
  });

  it.each([
    [["--window", "4", "--stride", "5"], 2, "--stride must be at most --window"],
    [["--method", "chunks"], 1, "The text has 6 tokens; at least 512 are needed."],
    [["--method", "random"], 2, "Allowed choices are sliding, chunks"],
    [["--window", "1"], 2, "--window must be a whole number"],
  ])("%j is refused", async (flags, code, message) => {
    const { world, file } = withText("abcdef");
    expect(await world.run("perplexity", file, "-m", "a", ...flags)).toBe(code);
    expect(world.stderr.text).toContain(message);
    expect(world.stdout.text).toBe("");
  });

  it("says when there is no file", async () => {
    const world = new FakeWorld({ installed });
    expect(await world.run("perplexity", "/absent/file", "-m", "a")).toBe(1);
    expect(world.stderr.text).toContain("/absent/file can't be read (ENOENT)");
  });
});
