import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseModelReference } from "../catalog/model-reference.js";
import { HttpClient } from "./download/http.js";
import { HubClient } from "./hub/hub-client.js";
import { lockedTarget, referenceTo, targetOf } from "./pull-target.js";

const modelsDir = "/models";
const http = new HttpClient({ env: {}, timeoutMs: 1, userAgent: "test" });
const context = { modelsDir, http, hub: new HubClient(http, "https://hub.example", false) };
const target = (name: string) => targetOf(referenceTo(name), context);

describe("where a model comes from and goes to", () => {
  it("is the catalogue's folder, with all that the catalogue pins", async () => {
    expect(await target("qwen3-4b")).toMatchObject({
      key: "qwen3-4b-4bit",
      path: join(modelsDir, "qwen3-4b-4bit", "Qwen3-4B-Q4_K_M.gguf"),
      repository: "Qwen/Qwen3-4B-GGUF",
      bytes: 2_497_280_256,
      license: "Apache-2.0",
      pinnedBy: "the catalogue",
      source:
        "https://hub.example/Qwen/Qwen3-4B-GGUF/resolve/bc640142c66e1fdd12af0bd68f40445458f3869b/Qwen3-4B-Q4_K_M.gguf",
    });
  });

  it("is a folder of the repository's name, never one outside, whatever files are called", async () => {
    expect((await target("hf:Org/My.Model/sub/a b.gguf")).path).toBe(join(modelsDir, "Org--My.Model", "sub--a b.gguf"));
    expect((await target("hf:Org/m/.hidden.gguf")).path).toBe(join(modelsDir, "Org--m", "_hidden.gguf"));
    expect((await target("hf:Org/m@refs/pr/1/a.gguf")).source).toBe(
      "https://hub.example/Org/m/resolve/refs%2Fpr%2F1/a.gguf",
    );
    expect((await target("https://files.example/x/NUL.gguf?key=secret")).path).toBe(join(modelsDir, "_NUL.gguf"));
    expect((await target("https://files.example/x/a.gguf?key=secret")).source).toBe("https://files.example/x/a.gguf");
  });

  it("is what izwi.lock says, which is checked like a name", () => {
    const reference = parseModelReference("qwen3-4b")!;
    const locked = { repository: "a/b", revision: "main", file: "c.gguf", bytes: 1, sha256: "0".repeat(64) };
    expect(lockedTarget(reference, locked, context)).toMatchObject({
      key: "qwen3-4b-4bit",
      path: join(modelsDir, "a--b", "c.gguf"),
      pinnedBy: "izwi.lock",
      bytes: 1,
    });
    for (const wrong of [{ repository: "../.." }, { file: "../c.gguf" }, { file: "c.exe" }, { revision: "../x" }]) {
      const bad = () => lockedTarget(reference, { ...locked, ...wrong }, context);
      expect(bad).toThrow(expect.objectContaining({ code: "LOCK_MISMATCH" }));
    }
    const { file, bytes, sha256 } = locked;
    for (const url of ["", "file:///etc/passwd", "https://x/readme.md"]) {
      const bad = () => lockedTarget(reference, { url, file, bytes, sha256 }, context);
      expect(bad).toThrow(expect.objectContaining({ code: "LOCK_MISMATCH" }));
    }
  });
});
