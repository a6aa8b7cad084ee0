import { describe, expect, it } from "vitest";
import { CATALOG, DEFAULT_MODEL, downloadUrl, findInCatalog, sameName } from "./catalog.js";

describe("the catalogue", () => {
  it("has plausible figures: each file is bigger than the one before, each hash is one", () => {
    for (const [index, entry] of CATALOG.entries()) {
      expect(entry.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(entry.revision ?? "0".repeat(40)).toMatch(/^[0-9a-f]{40}$/);
      expect(entry.bytes).toBeGreaterThan(CATALOG[index - 1]?.bytes ?? 3e8);
    }
    expect(new Set(CATALOG.map((entry) => entry.sha256)).size).toBe(CATALOG.length);
  });

  it("gives no two models the same name", () => {
    const names = CATALOG.flatMap((entry) => [entry.id, ...entry.aliases, entry.file]);
    for (const name of names) expect(names.filter((other) => sameName(name, other))).toEqual([name]);
  });

  it.each([
    DEFAULT_MODEL,
    "qwen3-0.6b-4bit",
    "qwen3-0.6b",
    "Qwen3 0.6B",
    "QWEN3-CHAT-0.6B-4BIT",
    "Qwen3-0.6B-Q4_K_M.gguf",
  ])("finds the default model as %s", (name) => {
    expect(findInCatalog(name)?.file).toBe("Qwen3-0.6B-Q4_K_M.gguf");
  });

  it("doesn't find what isn't there", () => {
    expect(findInCatalog("gpt-4")).toBeUndefined();
    expect(findInCatalog("")).toBeUndefined();
  });

  it("pins the revision in the address where it's known", () => {
    expect(downloadUrl(findInCatalog("qwen3-4b")!)).toBe(
      "https://huggingface.co/Qwen/Qwen3-4B-GGUF/resolve/bc640142c66e1fdd12af0bd68f40445458f3869b/Qwen3-4B-Q4_K_M.gguf",
    );
    expect(downloadUrl(findInCatalog("qwen3-0.6b")!)).toContain("/resolve/main/");
  });
});
