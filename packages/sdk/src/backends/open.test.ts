import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { scripted } from "../testing/scripted.js";
import { openBackend, type BackendWorld } from "./open.js";
import { SharedModels, type LocalModel } from "./shared-models.js";

const info = { id: "x", contextLength: 128, fileBytes: 4 } as LocalModel["info"];
const model = (close = vi.fn(() => Promise.resolve())) => ({ info, close }) as unknown as LocalModel;

/** A models directory with one model, and a world that remembers what it was asked for. */
function world(env: Record<string, string> = {}, ...files: string[]) {
  const modelsDir = mkdtempSync(join(tmpdir(), "izwi-open-"));
  for (const file of files) writeFileSync(join(modelsDir, file), "GGUF");
  const remote = scripted([]);
  const openRemote = vi.fn<BackendWorld["openRemote"]>(() => remote.open());
  const load = vi.fn<(path: string) => Promise<LocalModel>>(() => Promise.resolve(model()));
  const warn = vi.fn();
  return { modelsDir, openRemote, load, warn, world: { env, models: new SharedModels(load), openRemote, warn } };
}

describe("openBackend", () => {
  it("without a model takes the catalogue's default where it is installed", async () => {
    const { world: w, modelsDir, load, warn } = world({}, "Qwen3-0.6B-Q4_K_M.gguf");
    const backend = await openBackend({ modelsDir }, undefined, w);
    expect(backend.model).toBe("qwen3-chat-0.6b-4bit");
    expect(load.mock.calls[0]![0]).toBe(join(modelsDir, "Qwen3-0.6B-Q4_K_M.gguf"));
    expect(warn).not.toHaveBeenCalled();
  });

  it("else the built-in one, and says so once", async () => {
    const { world: w, modelsDir, warn } = world({ OPENAI_API_KEY: "k" });
    expect((await openBackend({ modelsDir }, undefined, w)).model).toBe("izwi-tiny");
    await openBackend({ modelsDir }, undefined, w);
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/isn't installed.*izwi-tiny.*GGUF/)]]);
  });

  it("tells a saved session the hash of a catalogue's file, if it has the right size", async () => {
    const { world: w, modelsDir, load } = world({}, "Qwen3-0.6B-Q4_K_M.gguf");
    load.mockResolvedValueOnce({ ...model(), info: { ...info, fileBytes: 396_705_472 } } as LocalModel);
    const whole = await openBackend({ modelsDir, model: "qwen3-0.6b", threads: 1 }, undefined, w);
    expect(whole.identity).toEqual({ name: "qwen3-0.6b", sha256: expect.stringMatching(/^ac2d9771/) });
    const other = await openBackend({ modelsDir, model: "qwen3-0.6b" }, undefined, w);
    expect(other.identity).toEqual({ name: "qwen3-0.6b" });
  });

  it("finds local names, and saves a path as a whole path", async () => {
    const { world: w, modelsDir } = world({ OPENAI_API_KEY: "k" }, "poet.gguf");
    const byName = await openBackend({ modelsDir, model: "poet" }, undefined, w);
    expect([byName.model, byName.identity]).toEqual(["poet", { name: "poet" }]);
    const path = join(modelsDir, "poet.gguf");
    expect((await openBackend({ model: path }, undefined, w)).identity).toEqual({ name: path });
  });

  it("says what to do for a name that isn't local, with near matches", async () => {
    const { world: w, modelsDir, openRemote } = world({}, "poet.gguf");
    await expect(openBackend({ modelsDir, model: "poett" }, undefined, w)).rejects.toMatchObject({
      code: "MODEL_NOT_FOUND",
      message: expect.stringMatching(/Did you mean poet\?.*baseUrl or apiKey.*OPENAI_API_KEY/),
    });
    await expect(openBackend({ modelsDir, model: "gpt-4" }, undefined, w)).rejects.toThrow(/gpt-4/);
    expect(openRemote).not.toHaveBeenCalled();
  });

  it("goes to a server where that was given on purpose", async () => {
    const { world: w, openRemote } = world({ OPENAI_API_KEY: "env-key" }, "poet.gguf");
    await openBackend({ model: "poet", baseUrl: "http://host/v1" }, undefined, w);
    // The environment's key isn't shown to a server that the environment doesn't name.
    expect(openRemote.mock.lastCall![0]).toMatchObject({ baseUrl: "http://host/v1", apiKey: undefined });
    await openBackend({ model: "gpt-4", apiKey: "k", contextLength: 9 }, undefined, w);
    expect(openRemote.mock.lastCall).toMatchObject([{ baseUrl: "https://api.openai.com/v1", apiKey: "k" }, "gpt-4", 9]);
  });

  it("goes to the environment's server for names that mean nothing here", async () => {
    const env = { OPENAI_API_KEY: "k", OPENAI_BASE_URL: "http://env/v1" };
    const { world: w, modelsDir, openRemote } = world(env, "poet.gguf");
    await openBackend({ modelsDir, model: "gpt-4" }, undefined, w);
    expect(openRemote.mock.lastCall).toMatchObject([{ baseUrl: "http://env/v1", apiKey: "k" }, "gpt-4", undefined]);
  });

  it.each(["qwen3-0.6b", "qwen3-4b-4bit", "./absent.gguf", "absent.gguf", "/absent/model", "hf:org/model:Q8_0"])(
    "but never for %s, which is ours and missing: that must not leave the machine unasked",
    async (name) => {
      const { world: w, modelsDir, openRemote } = world({ OPENAI_API_KEY: "k" });
      await expect(openBackend({ modelsDir, model: name }, undefined, w)).rejects.toMatchObject({
        code: "MODEL_NOT_FOUND",
      });
      expect(openRemote).not.toHaveBeenCalled();
    },
  );
});

describe("SharedModels", () => {
  const path = join(mkdtempSync(join(tmpdir(), "izwi-shared-")), "a.gguf");
  writeFileSync(path, "GGUF");

  it("loads a file once for all sessions, and closes it after the last", async () => {
    const close = vi.fn(() => Promise.resolve());
    const load = vi.fn(() => Promise.resolve(model(close)));
    const models = new SharedModels(load);
    const [a, b] = await Promise.all([models.acquire(path, {}), models.acquire(path, {})]);
    const other = await models.acquire(path, { threads: 1 });
    expect(load).toHaveBeenCalledTimes(2);
    expect(a.model).toBe(b.model);
    expect(other.model).not.toBe(a.model);
    await a.release();
    await a.release();
    expect(close).not.toHaveBeenCalled();
    await b.release();
    expect(close).toHaveBeenCalledTimes(1);
    await models.acquire(path, {});
    expect(load).toHaveBeenCalledTimes(3);
  });

  it("gives up loading when the last who waits for it does", async () => {
    const load = vi.fn(
      (_: string, { signal }: { signal?: AbortSignal }) =>
        new Promise<LocalModel>((_, reject) => {
          signal?.addEventListener("abort", () => reject(new Error("given up")));
        }),
    );
    const models = new SharedModels(load);
    const [one, two] = [new AbortController(), new AbortController()];
    const both = [models.acquire(path, {}, one.signal), models.acquire(path, {}, two.signal)];
    await vi.waitFor(() => expect(load).toHaveBeenCalled());
    const { signal } = load.mock.calls[0]![1];
    one.abort();
    await expect(both[0]).rejects.toMatchObject({ code: "ABORTED" });
    expect(signal!.aborted).toBe(false);
    two.abort();
    await expect(both[1]).rejects.toMatchObject({ code: "ABORTED" });
    expect(signal!.aborted).toBe(true);
  });

  it("forgets a load that failed", async () => {
    const broken = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      throw new Error("broken");
    };
    const load = vi.fn(() => Promise.resolve(model())).mockImplementationOnce(broken);
    const models = new SharedModels(load);
    const both = await Promise.allSettled([models.acquire(path, {}), models.acquire(path, {})]);
    expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await models.acquire(path, {});
    expect(load).toHaveBeenCalledTimes(2);
  });
});
