/** `--draft-model`, with the model that comes with the software as its own. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { izwi } from "./program.js";

const ask = ["chat", "-m", "builtin", "-p", "My name is Alice. Tell me a story.", "--max-tokens", "60"];

it("a draft model changes nothing of what is said", async () => {
  for (const sampling of [
    ["--temperature", "0"],
    ["--temperature", "1.2", "--seed", "5"],
  ]) {
    const plain = await izwi([...ask, ...sampling, "--speculation", "off"]);
    const drafting = await izwi([...ask, ...sampling, "--draft-model", "builtin"]);
    expect(drafting).toMatchObject({ code: 0, stdout: plain.stdout });
    expect(plain.stdout.length).toBeGreaterThan(10);
  }
});

it("a draft model that can't be one is named", async () => {
  const folder = mkdtempSync(join(tmpdir(), "izwi-e2e-draft-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const damaged = join(folder, "damaged.gguf");
  writeFileSync(damaged, "no model");
  for (const name of ["no-such-draft", damaged]) {
    const { code, stdout, stderr } = await izwi([...ask, "--draft-model", name]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(name);
  }
  const { code, stderr } = await izwi([...ask, "--draft-model", "builtin", "--server", "http://127.0.0.1:9"]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/--draft-model .*are for a model in this process/);
});

it("bench measures answers with it", async () => {
  const flags = ["-i", "2", "--max-tokens", "16", "--draft-model", "builtin", "--json"];
  const { code, stdout } = await izwi(["bench", "chat", "-m", "builtin", ...flags]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ decodeTokensPerSecond: { mean: expect.any(Number) } });
});
