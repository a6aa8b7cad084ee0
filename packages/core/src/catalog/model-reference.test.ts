import { describe, expect, it } from "vitest";
import { CATALOG } from "./catalog.js";
import { namesQuantization, parseModelReference, referenceKey } from "./model-reference.js";

const commit = "b".repeat(40);

const key = (name: string) => {
  const reference = parseModelReference(name);
  return reference && referenceKey(reference);
};

describe("names of models to download", () => {
  it.each([
    ["qwen3-chat-0.6b-4bit", "qwen3-chat-0.6b-4bit"],
    [" Qwen3 0.6B ", "qwen3-chat-0.6b-4bit"],
    ["hf:my-org/My.Model-GGUF", "hf:my-org/My.Model-GGUF"],
    ["hf://my-org/model", "hf:my-org/model"],
    ["hf.co/my-org/model:Q4_K_M", "hf:my-org/model:Q4_K_M"],
    ["hf:my-org/model:sub-Q8_0.gguf", "hf:my-org/model/sub-Q8_0.gguf"],
    ["hf:my-org/model/sub/a b.gguf", "hf:my-org/model/sub/a b.gguf"],
    [`hf:my-org/model@${commit}:Q8_0`, `hf:my-org/model@${commit}:Q8_0`],
    ["hf:my-org/model@refs/pr/1", "hf:my-org/model@refs/pr/1"],
    ["https://huggingface.co/my-org/model", "hf:my-org/model"],
    ["https://huggingface.co/my-org/model/resolve/main/sub/a%20b.gguf?download=true", "hf:my-org/model/sub/a b.gguf"],
    [`https://hf.co/my-org/model/blob/${commit}/a.gguf`, `hf:my-org/model@${commit}/a.gguf`],
    ["https://example.com/files/a.gguf?signature=secret", "https://example.com/files/a.gguf"],
  ])("understands %j", (name, expected) => expect(key(name)).toBe(expected));

  it("takes what the catalogue knows as the catalogue has it, under every name of the repository", () => {
    for (const entry of CATALOG) {
      const { repository, file, id } = entry;
      const quantization = /(Q\d\w*)\.gguf$/.exec(file)![1]!;
      for (const name of [
        `hf:${repository}/${file}`,
        `hf:${repository}:${file}`,
        `hf:${repository}:${quantization.toLowerCase()}`,
        `https://huggingface.co/${repository}/resolve/main/${file}`,
      ]) {
        expect(key(name), name).toBe(id);
      }
    }
    expect(key("hf:Qwen/Qwen3-4B-GGUF:Q8_0")).toBe("hf:Qwen/Qwen3-4B-GGUF:Q8_0");
    expect(key(`hf:Qwen/Qwen3-4B-GGUF@${commit}:Q4_K_M`)).toBe(`hf:Qwen/Qwen3-4B-GGUF@${commit}:Q4_K_M`);
  });

  it.each(["gpt-4", "", "my-model.gguf", "./qwen.gguf", "ftp://example.com/a.gguf"])("doesn't know %j", (name) =>
    expect(parseModelReference(name)).toBeUndefined(),
  );

  it.each([
    "hf:",
    "hf:model",
    "hf:../..",
    "hf:org/..",
    "hf:org/model/../../secret.gguf",
    "hf:org/model/sub//a.gguf",
    "hf:org/model/a\\b.gguf",
    "hf:org/model/readme.md",
    "hf:org/model@../x",
    "hf:org/model:Q4 K",
    "hf:org/model/big-00001-of-00003.gguf",
    "https://example.com/..%2F..%2Fsecret",
    "https://example.com/a%00.gguf",
    "https://example.com/%ff.gguf",
    "https://user:password@example.com/a.gguf",
    "https://huggingface.co/org",
    "https://huggingface.co/org/model/settings/x",
    "https://",
  ])("refuses %j", (name) => {
    expect(() => parseModelReference(name)).toThrow(expect.objectContaining({ code: "INVALID_REQUEST" }));
  });
});

it("finds a quantization in a file's name only as a whole part", () => {
  expect(namesQuantization("Qwen3-0.6B-Q4_K_M.gguf", "q4_k_m")).toBe(true);
  expect(namesQuantization("Q4_K_M/Qwen3.gguf", "Q4_K_M")).toBe(true);
  expect(namesQuantization("Qwen3-0.6B-UD-Q4_K_XL.gguf", "Q4_K_XL")).toBe(true);
  expect(namesQuantization("Qwen3-0.6B-Q4_K_M.gguf", "Q4_K")).toBe(false);
  expect(namesQuantization("Qwen3-0.6B-IQ4_XS.gguf", "Q4_XS")).toBe(false);
});
