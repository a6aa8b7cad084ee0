import { describe, expect, it } from "vitest";
import type { ChatFlags } from "./args.js";
import type { CommonFlags } from "./args/options.js";
import { UsageError } from "./failure.js";
import { chatSettings, loadSettings } from "./settings.js";
import { Sources } from "./sources.js";

const noFlags: ChatFlags = { interactive: false, stats: false, json: false, stop: [], sampling: {} };
const common: CommonFlags = { quiet: false, verbose: false, color: true };

function settings(flags: Partial<ChatFlags> = {}, env: Record<string, string> = {}, terminal = true) {
  return chatSettings({ ...noFlags, ...flags }, common, new Sources(env), terminal);
}

describe("chatSettings", () => {
  it("has a default model that nobody asked for", () => {
    expect(settings()).toMatchObject({ model: "qwen3-chat-0.6b-4bit", modelAskedFor: false, thinking: false });
  });

  it("takes a flag over a variable over the default", () => {
    const env = { IZWI_MODEL: "from-env", IZWI_NUM_THREADS: "3", IZWI_BACKEND: "CPU", IZWI_MODELS_DIR: "/env" };
    expect(settings({}, env)).toMatchObject({
      model: "from-env",
      modelAskedFor: true,
      load: { threads: 3, backend: "cpu", modelsDir: "/env" },
    });
    const flags = { model: "from-flag", threads: 5, backend: "candle" } as const;
    expect(settings(flags, env)).toMatchObject({ model: "from-flag", load: { threads: 5, backend: "candle" } });
    expect(settings({}, { IZWI_KV_CACHE_DTYPE: "q8_0" }).load).toEqual({ kvCacheType: "q8_0" });
    expect(settings({ kvType: "f16" }, { IZWI_KV_CACHE_DTYPE: "q8_0" }).load).toEqual({ kvCacheType: "f16" });
  });

  it("has a draft model where one is named, and only for commands that answer", () => {
    const env = { IZWI_DRAFT_MODEL: "from-env" };
    expect(settings({}, env).load).toEqual({ draftModel: "from-env" });
    expect(settings({ draftModel: "from-flag" }, env).load).toEqual({ draftModel: "from-flag" });
    expect(loadSettings({}, common, new Sources(env))).toEqual({});
  });

  it("takes an empty variable as unset", () => {
    expect(settings({}, { IZWI_MODEL: "", IZWI_NUM_THREADS: " ", IZWI_NO_HISTORY: "" })).toMatchObject({
      modelAskedFor: false,
      load: {},
      keepHistory: true,
    });
    expect(settings({}, { IZWI_NO_HISTORY: "1" }).keepHistory).toBe(false);
  });

  it.each([
    ["IZWI_NUM_THREADS", "many", /IZWI_NUM_THREADS must be a whole number from 1 to 1024, not 'many'/],
    ["IZWI_BACKEND", "gpu", /IZWI_BACKEND must be one of auto, cpu/],
    ["IZWI_SPECULATION", "2", /IZWI_SPECULATION must be one of auto, off/],
    ["IZWI_KV_CACHE_DTYPE", "f32", /IZWI_KV_CACHE_DTYPE must be one of f16, q8_0, not 'f32'/],
  ])("refuses %s=%s", (name, value, message) => {
    expect(() => settings({}, { [name]: value })).toThrow(UsageError);
    expect(() => settings({}, { [name]: value })).toThrow(message);
  });

  it.each([
    ["a terminal", {}, true, { kind: "conversation" }],
    ["a terminal and a prompt", { prompt: "hi" }, true, { kind: "one-shot", prompt: "hi", readStdin: false }],
    ["a pipe", {}, false, { kind: "one-shot", readStdin: true }],
    ["a pipe and a prompt", { prompt: "hi" }, false, { kind: "one-shot", prompt: "hi", readStdin: true }],
    ["a pipe and --interactive", { interactive: true }, false, { kind: "conversation" }],
    ["--json", { prompt: "hi", json: true }, true, { kind: "one-shot", format: "json" }],
  ] as const)("%s decides the mode", (_name, flags, terminal, mode) => {
    expect(settings(flags, {}, terminal).mode).toMatchObject(mode);
  });

  it("refuses contradictions", () => {
    expect(() => settings({ json: true })).toThrow(/--json prints one answer/);
    expect(() => settings({ interactive: true, prompt: "hi" })).toThrow(/give one of them/);
    expect(() =>
      chatSettings(
        { ...noFlags, json: true, prompt: "hi" },
        { ...common, outputFormat: "plain" },
        new Sources({}),
        true,
      ),
    ).toThrow(/--json contradicts --output-format plain/);
  });
});
