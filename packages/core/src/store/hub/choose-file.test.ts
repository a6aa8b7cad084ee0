import { expect, it } from "vitest";
import { chooseFile } from "./choose-file.js";

const files = ["README.md", "m-Q8_0.gguf", "m-Q4_K_M.gguf", "m-UD-Q4_K_M.gguf", "mmproj-F16.gguf", "m-IQ4_XS.gguf"];
const choose = (quantization?: string, from = files) => chooseFile(from, quantization, "org/m");

it("takes the quantization that is asked for, else the usual one", () => {
  expect(choose("q8_0")).toBe("m-Q8_0.gguf");
  expect(choose("Q4_K_M")).toBe("m-Q4_K_M.gguf");
  expect(choose("IQ4_XS")).toBe("m-IQ4_XS.gguf");
  expect(choose()).toBe("m-Q4_K_M.gguf");
  expect(choose(undefined, ["model.gguf"])).toBe("model.gguf");
});

it("lists what there is when it can't choose", () => {
  expect(() => choose("Q5_K_M")).toThrow(/no file for Q5_K_M\. There are: m-IQ4_XS\.gguf, m-Q4_K_M\.gguf/);
  expect(() => choose(undefined, ["a.gguf", "b.gguf"])).toThrow(/several files.*a\.gguf, b\.gguf/);
  expect(() => choose(undefined, ["README.md"])).toThrow(/no GGUF file/);
  expect(() => choose(undefined, ["m-00001-of-00002.gguf"])).toThrow(/only split ones/);
});
