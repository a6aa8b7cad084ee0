import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ChatRequest } from "@izwi/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { endless, loadBuiltin, read } from "./built-in.js";

describe("a draft model", () => {
  it("changes no answer, greedy or drawn, alone or beside others", async () => {
    await using plain = await loadBuiltin({ speculation: "off" });
    await using drafting = await loadBuiltin({ draftModel: "builtin" });
    expect(plain.info.draftModel).toBeUndefined();
    expect(drafting.info.draftModel).toMatchObject({ path: plain.info.path, fileBytes: plain.info.fileBytes });
    const requests = [0, 0.7, 1.3].map((temperature, seed): ChatRequest => ({
      ...endless(plain, `My name is Alice. Say number ${seed}.`, 80),
      ...{ temperature, seed },
    }));
    const alone: string[] = [];
    for (const request of requests) alone.push((await read(plain.chat(request))).text);
    for (const [index, request] of requests.entries()) {
      expect((await read(drafting.chat(request))).text).toBe(alone[index]);
    }
    const together = await Promise.all(requests.map((request) => read(drafting.chat(request))));
    expect(together.map(({ text }) => text)).toEqual(alone);
    const { modelDraftedTokens, modelAcceptedTokens, draftedTokens } = drafting.stats();
    expect(modelDraftedTokens).toBeLessThanOrEqual(draftedTokens);
    // It is the same model, so that it guesses what comes, where it finds guessing worth its time.
    expect(modelAcceptedTokens).toBe(modelDraftedTokens);
  });

  it("isn't loaded where nothing is guessed", async () => {
    await using model = await loadBuiltin({ draftModel: "no-such-model", speculation: "off" });
    expect(model.info.draftModel).toBeUndefined();
  });

  it("that is missing, damaged or of no use is named", async () => {
    const folder = await mkdtemp(join(tmpdir(), "izwi-draft-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const damaged = join(folder, "damaged.gguf");
    await writeFile(damaged, "no model");
    const missing = join(folder, "missing.gguf");
    await expect(loadBuiltin({ draftModel: missing })).rejects.toMatchObject({
      code: "MODEL_NOT_FOUND",
      message: expect.stringContaining(missing),
    });
    await expect(loadBuiltin({ draftModel: damaged })).rejects.toMatchObject({
      code: "INVALID_MODEL_FILE",
      message: expect.stringContaining(`the draft model ${damaged}`),
    });
  });

  it("ends with its model, and a cancelled answer leaves nothing running", async () => {
    const model = await loadBuiltin({ draftModel: "builtin" });
    const stream = model.chat({ ...endless(model, "Go on.", 500), temperature: 1 });
    await stream.next();
    await stream.return?.();
    const chat = model.chat(endless(model, "Go on.", 1000));
    await chat.next();
    const failure = read(chat).catch((error: unknown) => error);
    await model.close();
    expect(await failure).toMatchObject({ code: "CLOSED" });
  });
});
