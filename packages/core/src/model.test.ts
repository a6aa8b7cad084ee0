import { describe, expect, it, vi } from "vitest";
import type { IzwiError } from "./errors.js";
import { FakeAddon, FakeStream } from "./fakes/fake-addon.js";
import type { LoadProgress } from "./load-progress.js";
import { loadModel, openModel, type LoadModelOptions } from "./model.js";

const RESOLVED = { path: "/models/fake.gguf", id: "fake", builtin: false };
const messages = [{ role: "user" as const, content: "Hello" }];

async function open() {
  const addon = new FakeAddon();
  return { native: addon.model, model: await openModel(addon, RESOLVED) };
}

describe("loadModel", () => {
  const wrong: [string, object][] = [
    ["backend", { backend: "tpu" }],
    ["threads", { threads: 0 }],
    ["contextLength", { contextLength: 1.5 }],
    ["maxRunning", { maxRunning: "2" }],
    ["maxWaiting", { maxWaiting: -1 }],
    ["speculation", { speculation: "always" }],
    ["kvCacheType", { kvCacheType: "q4_0" }],
    ["onProgress", { onProgress: "bar" }],
    ["draftModel", { draftModel: " " }],
  ];
  it.each(wrong)("names the option %s when it's wrong", async (name, options) => {
    const failure = loadModel("builtin", options as LoadModelOptions);
    await expect(failure).rejects.toMatchObject({ code: "INVALID_REQUEST" });
    await expect(failure).rejects.toThrow(new RegExp(`^${name} must be`));
  });

  it("doesn't begin when the signal has already fired", async () => {
    await expect(loadModel("no-such-model", { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "ABORTED",
    });
  });

  it("says that a name is unknown before any addon is needed", async () => {
    await expect(loadModel("no-such-model")).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
    const draft = loadModel("builtin", { draftModel: "no-such-draft" });
    await expect(draft).rejects.toMatchObject({
      code: "MODEL_NOT_FOUND",
      message: expect.stringContaining("no-such-draft"),
    });
  });
});

describe("openModel", () => {
  it("passes path and options on, and adds id and builtin to the info", async () => {
    const addon = new FakeAddon();
    const model = await openModel(addon, RESOLVED, { threads: 2 });
    expect(addon.loads).toEqual([{ path: RESOLVED.path, options: { threads: 2 } }]);
    expect(model.info).toMatchObject({ id: "fake", builtin: false, architecture: "qwen3", vocabSize: 256 });
  });

  it("gives a typed error when loading fails", async () => {
    const addon = new FakeAddon();
    addon.failure = new Error("INVALID_MODEL_FILE: not a GGUF file");
    await expect(openModel(addon, RESOLVED)).rejects.toMatchObject({
      code: "INVALID_MODEL_FILE",
      message: "not a GGUF file",
    });
  });

  it("closes a model that comes after the signal fired", async () => {
    const addon = new FakeAddon();
    let finish!: () => void;
    addon.loading = new Promise((resolve) => {
      finish = resolve;
    });
    const controller = new AbortController();
    const loading = openModel(addon, RESOLVED, {}, { signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(loading).rejects.toMatchObject({ code: "ABORTED", cause: new Error("enough") });
    expect(addon).toMatchObject({ cancelled: 1, model: { closes: 0 } });
    finish();
    await vi.waitFor(() => expect(addon.model.closes).toBe(1));
  });

  describe("with a listener", () => {
    async function watched(onProgress: (progress: LoadProgress) => void) {
      vi.useFakeTimers();
      try {
        const addon = new FakeAddon();
        let finish!: () => void;
        addon.loading = new Promise((resolve) => {
          finish = resolve;
        });
        const outcome = openModel(addon, RESOLVED, {}, { onProgress }).catch((error: unknown) => error);
        await vi.advanceTimersByTimeAsync(250);
        for (const loadedBytes of [10, 40]) {
          addon.progress = { loadedBytes, totalBytes: 100 };
          await vi.advanceTimersByTimeAsync(250);
        }
        addon.progress = { loadedBytes: 100, totalBytes: 100 };
        finish();
        const model = await outcome;
        expect(vi.getTimerCount()).toBe(0);
        return { addon, model };
      } finally {
        vi.useRealTimers();
      }
    }

    it("tells each step once, and the end", async () => {
      const told: LoadProgress[] = [];
      const { addon } = await watched((progress) => told.push(progress));
      expect(told).toEqual([10, 40, 100].map((loadedBytes) => ({ loadedBytes, totalBytes: 100 })));
      expect(addon.cancelled).toBe(0);
    });

    it.each([10, 100])("ends with what the listener throws at %i bytes", async (bytes) => {
      const { addon, model } = await watched(({ loadedBytes }) => {
        if (loadedBytes === bytes) throw new RangeError("no more");
      });
      expect(model).toEqual(new RangeError("no more"));
      expect(addon).toMatchObject({ cancelled: 1, model: { closes: 1 } });
    });
  });
});

describe("Model", () => {
  it("streams a chat and passes the checked request on", async () => {
    const { native, model } = await open();
    native.stream.send([
      { type: "text-delta", text: "Hi" },
      { type: "end", finishReason: "stop" },
    ]);
    const types = [];
    for await (const event of model.chat({ messages, temperature: 0 })) types.push(event.type);
    expect(types).toEqual(["text-delta", "end"]);
    expect(native.requests).toEqual([{ messages, generation: { temperature: 0 } }]);
  });

  it("goes on from token ids", async () => {
    const { native, model } = await open();
    native.stream.send([{ type: "end", finishReason: "length" }]);
    const events = [];
    for await (const event of model.complete({ tokenIds: [1, 2], stopTokenIds: [], maxTokens: 3 })) events.push(event);
    expect(events).toMatchObject([{ type: "end", finishReason: "length" }]);
    expect(native.completions).toEqual([
      { tokenIds: Uint32Array.of(1, 2), stopTokenIds: [], generation: { maxTokens: 3 } },
    ]);
    for (const wrong of [{ tokenIds: [256] }, { tokenIds: [1], stopTokenIds: [-1] }, { tokenIds: "1" as never }]) {
      await expect(model.complete(wrong).next()).rejects.toMatchObject({ code: "INVALID_REQUEST" });
    }
  });

  it("rejects from the iteration when the request is wrong", async () => {
    const { native, model } = await open();
    const stream = model.chat({ messages, topP: 7 });
    await expect(stream.next()).rejects.toMatchObject({ code: "INVALID_REQUEST" });
    expect(native.requests).toEqual([]);
  });

  it.each(["request", "options", "both"])("heeds a signal in %s", async (where) => {
    const { model } = await open();
    const controller = new AbortController();
    const other = new AbortController().signal;
    const stream = model.chat(
      { messages, signal: where === "options" ? undefined : where === "both" ? other : controller.signal },
      { signal: where === "request" ? undefined : controller.signal },
    );
    const pending = stream.next();
    controller.abort();
    await expect(pending).rejects.toMatchObject({ code: "ABORTED" });
  });

  it("tokenizes, special tokens only when told, and back", async () => {
    const { model } = await open();
    expect(model.tokenize("ab")).toEqual([97, 98, 0]);
    expect(model.tokenize("ab", { parseSpecial: true })).toEqual([97, 98, 1]);
    expect(model.detokenize([97, 98])).toBe("ab");
    expect(() => model.detokenize([256])).toThrow("tokenIds[0]");
    expect(() => model.tokenize(5 as unknown as string)).toThrow("text must be a string");
  });

  it("scores: null, then one number for each further token", async () => {
    const { native, model } = await open();
    const score = async (ids: number[], signal?: AbortSignal) => {
      native.scoring = new FakeStream();
      return model.score(ids, { signal });
    };
    expect(await score([5, 6, 7])).toEqual([null, -6, -7]);
    expect(await score([5])).toEqual([null]);
    expect(await score([])).toEqual([]);
    expect(native.scored).toHaveLength(2);
    await expect(score([1], AbortSignal.abort())).rejects.toMatchObject({ code: "ABORTED" });
    await expect(score([999])).rejects.toMatchObject({ code: "INVALID_REQUEST" });
    native.failure = new Error("QUEUE_FULL: no");
    await expect(score([1, 2])).rejects.toMatchObject({ code: "QUEUE_FULL" });
  });

  it("gives a score's error event its code, and cancels an aborted score", async () => {
    const { native, model } = await open();
    native.scoring.send([{ type: "error", code: "OUT_OF_MEMORY", message: "no blocks" }]);
    await expect(model.score([1, 2])).rejects.toMatchObject({ code: "OUT_OF_MEMORY", message: "no blocks" });

    native.scoring = new FakeStream();
    vi.spyOn(native.scoring, "send").mockReturnThis();
    const controller = new AbortController();
    const scoring = model.score([1, 2], { signal: controller.signal });
    controller.abort();
    await expect(scoring).rejects.toMatchObject({ code: "ABORTED" });
    expect(native.scoring.cancelled).toBe(1);
  });

  it("tells log probabilities with their alternatives, from as many events as come", async () => {
    const { model } = await open();
    const result = await model.logprobs([5, 6, 7], { top: 2 });
    expect(result[0]).toBeNull();
    expect(result.slice(1).map((entry) => [entry!.logprob, entry!.top.length])).toEqual([
      [-6, 2],
      [-7, 2],
    ]);
    expect(await model.logprobs([])).toEqual([]);
    await expect(model.logprobs([1, 2], { top: 21 })).rejects.toThrow("top must be");
    await expect(model.logprobs([256])).rejects.toMatchObject({ code: "INVALID_REQUEST" });
  });

  it("embeds: the mean unless told otherwise", async () => {
    const { native, model } = await open();
    expect(await model.embed([1, 2, 3])).toEqual(Float32Array.of(3, 1));
    native.scoring = new FakeStream();
    expect(await model.embed([1, 2], { pooling: "last" })).toEqual(Float32Array.of(2, 2));
    await expect(model.embed([])).rejects.toMatchObject({ code: "INVALID_REQUEST" });
    await expect(model.embed([1], { pooling: "max" as never })).rejects.toThrow("pooling must be");
    native.scoring = new FakeStream().send([{ type: "end", finishReason: "cancelled" }]);
    vi.spyOn(native.scoring, "send").mockReturnThis();
    await expect(model.embed([1])).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("saves what is cached of a request or of token ids, and loads it", async () => {
    const { native, model } = await open();
    expect(await model.saveCache("a.kv", { messages })).toBe(32);
    expect(await model.saveCache("b.kv", [1, 2])).toBe(2);
    expect(native.saved).toEqual([
      { path: "a.kv", saved: { messages, generation: {} } },
      { path: "b.kv", saved: Uint32Array.of(1, 2) },
    ]);
    expect(await model.loadCache("a.kv")).toBe(4);
    await expect(model.saveCache("", [1])).rejects.toThrow("path must be");
    await expect(model.saveCache("a.kv", [256])).rejects.toMatchObject({ code: "INVALID_REQUEST" });
    await expect(model.saveCache("a.kv", {} as never)).rejects.toMatchObject({ code: "INVALID_REQUEST" });
    native.failure = new Error("INVALID_SESSION_FILE: it is damaged");
    await expect(model.loadCache("a.kv")).rejects.toMatchObject({ code: "INVALID_SESSION_FILE" });
    await model.close();
    await expect(model.loadCache("a.kv")).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("shows the prompt and the counters", async () => {
    const { model } = await open();
    expect(model.applyTemplate({ messages })).toBe("user: Hello");
    expect(model.stats()).toMatchObject({ prefilledTokens: 7, cachedTokens: 3 });
  });

  it("warns once of a draft model that failed, and goes on", async () => {
    const addon = new FakeAddon();
    addon.model.draftModel = {
      ...{ path: "/models/draft.gguf", name: "Draft", quantization: "Q8_0" },
      ...{ parameterCount: 10, fileBytes: 100, weightsBytes: 90, scratchBytes: 5, kvCacheBytes: 100 },
    };
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const model = await openModel(addon, RESOLVED);
    addon.model.stream.send([{ type: "end", finishReason: "stop" }], null);
    await model.chat({ messages }).next();
    expect(warn).not.toHaveBeenCalled();
    addon.model.failureOfDraft = "out of luck";
    await model.close();
    await model.close();
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      expect.stringMatching(/draft\.gguf is given up: out of luck/),
      expect.objectContaining({ code: "IZWI_DRAFT_MODEL" }),
    );
    warn.mockRestore();
  });

  it("closes once, ends running chats, and refuses everything after", async () => {
    const { native, model } = await open();
    const pending = model.chat({ messages }).next();
    await vi.waitFor(() => expect(native.requests).toHaveLength(1));
    const closing = model.close();
    expect(model.closed).toBe(true);
    await Promise.all([closing, model.close(), model[Symbol.asyncDispose]()]);
    expect(native.closes).toBe(1);
    await expect(pending).rejects.toMatchObject({ code: "CLOSED" });
    for (const use of [() => model.stats(), () => model.tokenize("a"), () => model.applyTemplate({ messages })]) {
      expect(use).toThrowError(expect.objectContaining<Partial<IzwiError>>({ code: "CLOSED" }));
    }
    await expect(model.score([])).rejects.toMatchObject({ code: "CLOSED" });
    await expect(model.chat({ messages }).next()).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("closes at the end of an await using block", async () => {
    const { native, model } = await open();
    {
      await using scoped = model;
      expect(scoped.closed).toBe(false);
    }
    expect(native.closes).toBe(1);
  });
});
