import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { agent } from "./agent.js";
import { ask } from "./ask.js";
import { scripted } from "./testing/scripted.js";
import { tool } from "./tools.js";

describe("ask", () => {
  it("answers one question", async () => {
    const backend = scripted(["Because of scattering.", `{"n":2}`]);
    const options = { chatBackend: backend.open, system: "S", temperature: 0 };
    expect(await ask("Why is the sky blue?", options)).toBe("Because of scattering.");
    expect(backend.lastRequest).toMatchObject({ temperature: 0, messages: [{ role: "system" }, { role: "user" }] });
    const value: { n: number } = await ask("1 + 1?", { ...options, schema: z.object({ n: z.number() }) });
    expect(value).toEqual({ n: 2 });
  });

  it("keeps the model for a while, for the next question", async () => {
    vi.useFakeTimers();
    try {
      const backend = scripted(["a"]);
      await ask("?", { chatBackend: backend.open });
      expect(backend.users).toBe(1);
      await vi.advanceTimersByTimeAsync(20_000);
      expect(backend.users).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it("can be aborted", async () => {
    const backend = scripted(["a"]);
    const asking = ask("?", { chatBackend: backend.open, signal: AbortSignal.abort() });
    await expect(asking).rejects.toMatchObject({ code: "ABORTED" });
  });
});

describe("agent", () => {
  it("does each task from the same beginning", async () => {
    const now = tool({ execute: () => "12:00" });
    const backend = scripted([{ toolCalls: [{ name: "now" }] }, "Noon.", `{"hour":12}`, "Again."], {});
    await using clock = agent({ chatBackend: backend.open, system: "You tell the time.", tools: { now } });
    const { result, reply } = await clock.run("What time is it?");
    expect(result).toBe("Noon.");
    expect(reply).toMatchObject({ steps: 2, toolRuns: [{ name: "now", result: "12:00" }] });
    const typed = await clock.run("The hour?", { schema: z.object({ hour: z.number() }), tools: {} });
    expect(typed.result.hour).toBe(12);
    expect(backend.lastRequest.messages.map(({ role }) => role)).toEqual(["system", "user"]);
    let text = "";
    for await (const piece of clock.stream("Once more")) text += piece;
    expect(text).toBe("Again.");
    await vi.waitFor(() => expect(backend.users).toBe(1));
  });

  it("closes with its model", async () => {
    const backend = scripted(["a"]);
    const one = agent({ chatBackend: backend.open, tools: {} });
    await one.run("x");
    await one.close();
    expect(backend.users).toBe(0);
    await expect(one.run("y")).rejects.toMatchObject({ code: "CLOSED" });
  });
});
