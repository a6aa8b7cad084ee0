/** What a program sees that uses the library: it ends by itself, and memory comes back. */
import { chat } from "@izwi/sdk";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const execute = promisify(execFile);
const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Runs a program that may import the library, and gives what it wrote. */
async function run(source: string, env: Record<string, string> = {}): Promise<{ stdout: string; stderr: string }> {
  const args = ["--expose-gc", "--input-type=module", "--eval", source];
  return execute(process.execPath, args, { cwd: root, timeout: 30_000, env: { ...process.env, ...env } });
}

describe("a program", () => {
  it("ends though its sessions aren't closed", async () => {
    const { stdout } = await run(`
      import { ask, chat } from "@izwi/sdk";
      const session = chat({ model: "builtin" });
      await session.send("Hello!");
      await ask("Hello!", { model: "builtin" });
      for await (const chunk of session.stream("Tell me a joke.")) break;
      console.log("done", session.history.length);`);
    expect(stdout).toBe("done 4\n");
  });

  it("is told once that the built-in model answers where no other is installed", async () => {
    const { stdout, stderr } = await run(
      `
      import { chat } from "@izwi/sdk";
      console.log(typeof await chat().send("Hello!"), typeof await chat().send("Hello!"));`,
      { IZWI_MODELS_DIR: "/nonexistent", OPENAI_API_KEY: "", OPENAI_BASE_URL: "" },
    );
    expect(stdout).toBe("string string\n");
    expect(stderr.match(/qwen3-chat-0\.6b-4bit isn't installed/g)).toHaveLength(1);
  });

  it("doesn't load the HTTP client for a local model", async () => {
    const { stdout } = await run(`
      import { register } from "node:module";
      const hook = "export const resolve = (name, context, next) => (name === 'openai' && console.log(name), next(name, context));";
      register("data:text/javascript," + encodeURIComponent(hook));
      const { chat } = await import("@izwi/sdk");
      await chat({ model: "builtin" }).send("Hello!");
      console.log("local");
      await chat({ model: "m", baseUrl: "http://127.0.0.1:9/v1" }).send("Hello!").catch(() => console.log("remote"));`);
    expect(stdout.split("\n")).toEqual(["local", "openai", "openai", "remote", ""]);
  });
});

it("a session that is forgotten without being closed gives its model back", async () => {
  const { stdout } = await run(`
    import { chat } from "@izwi/sdk";
    const ask = async () => {
      const session = chat({ model: "builtin", temperature: 0 });
      await session.send("Hello!");
      return session.lastReply.usage.cachedTokens;
    };
    const first = await ask();
    const shared = await ask();
    for (let round = 0; round < 5; round++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      gc();
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
    console.log(first, shared > 0, await ask());`);
  // Loaded anew, the model has nothing cached.
  expect(stdout).toBe("0 true 0\n");
});

describe("sessions of one process", () => {
  it("share one loaded model, and the last one frees it", async () => {
    const sessions = Array.from({ length: 8 }, () => chat({ model: "builtin", temperature: 0 }));
    const texts = await Promise.all(sessions.map((session) => session.send("Hello!")));
    expect(new Set(texts).size).toBe(1);
    // The second and later ones find the first one's prompt in the shared cache, unless they began at the same time.
    await Promise.all(sessions.map((session) => session.close()));
    await using again = chat({ model: "builtin", temperature: 0 });
    await again.send("Hello!");
    expect(again.lastReply!.usage.cachedTokens).toBe(0);
    await using second = chat({ model: "builtin", temperature: 0 });
    await second.send("Hello!");
    expect(second.lastReply!.usage.cachedTokens).toBeGreaterThan(0);
  });
});
