import { IzwiError, type ChatEvent } from "@izwi/core";
import type { Context } from "hono";
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../limits.js";
import { silentLogger } from "../logger.js";
import type { AppEnv, RouteContext } from "../route-context.js";
import { Answering } from "./answering.js";
import { ApiError } from "./errors.js";
import { end, FakeModels } from "./fakes/fake-model.js";

class Noted {
  readonly calls: string[] = [];
  readonly metrics = {
    firstToken: (model: string, ms: number) => void this.calls.push(`first ${model} ${ms >= 0}`),
    interToken: (model: string, ms: number) => void this.calls.push(`inter ${model} ${ms >= 0}`),
    answer: (model: string, { finishReason }: { finishReason: string }) =>
      void this.calls.push(`${model} ${finishReason}`),
    failed: (model: string, code: string) => void this.calls.push(`${model} failed: ${code}`),
  };
}

function answeringWith(models: FakeModels, noted = new Noted(), model = "Some Name", env?: object) {
  const abort = new AbortController();
  const c = { env, var: { signal: abort.signal, requestId: "1" } } as unknown as Context<AppEnv>;
  const context: RouteContext = {
    models,
    limits: DEFAULT_LIMITS,
    metrics: noted.metrics,
    log: silentLogger,
    pingMs: 1000,
  };
  return { abort, noted, answering: new Answering(c, context, model, "messages") };
}

async function* from(...events: (ChatEvent | Error)[]): AsyncGenerator<ChatEvent, void> {
  for (const event of events) {
    if (event instanceof Error) throw event;
    yield event;
  }
}

const delta: ChatEvent = { type: "text-delta", text: "x" };

it("knows the client by its address, where there is one", () => {
  const clientIn = (env?: object) => answeringWith(new FakeModels(), new Noted(), "m", env).answering.client;
  expect(clientIn({ incoming: { socket: { remoteAddress: "10.0.0.7" } } })).toEqual({ client: "10.0.0.7" });
  expect(clientIn({})).toEqual({});
  expect(clientIn()).toEqual({});
});

describe("observe", () => {
  const observed = async (events: AsyncIterable<ChatEvent>, take = Infinity) => {
    const { answering, noted } = answeringWith(new FakeModels());
    await answering
      .whole(async () => {
        let taken = 0;
        for await (const _ of answering.observe(events)) if (++taken >= take) break;
      })
      .catch(() => undefined);
    return noted.calls;
  };

  it("counts tokens and the end by the model's own name", async () => {
    const calls = await observed(from({ type: "reasoning-delta", text: "r" }, delta, delta, end("length")));
    expect(calls).toEqual(["first fake true", "inter fake true", "inter fake true", "fake length"]);
  });

  it("counts failures by their code, and answers that were left", async () => {
    expect(await observed(from(delta, new IzwiError("QUEUE_FULL", "full")))).toEqual([
      "first fake true",
      "fake failed: QUEUE_FULL",
    ]);
    expect(await observed(from(new Error("odd")))).toEqual(["fake failed: INTERNAL"]);
    expect(await observed(from(delta, delta, end()), 1)).toEqual(["first fake true", "fake failed: ABORTED"]);
  });
});

describe("a request's model", () => {
  it("is held while it's used and given back after, also after a failure", async () => {
    const models = new FakeModels();
    await answeringWith(models).answering.whole(() => expect(models.leases).toBe(1));
    expect(models.leases).toBe(0);
    const failing = answeringWith(models).answering.whole(() => Promise.reject(new IzwiError("INTERNAL", "broken")));
    await expect(failing).rejects.toThrow(ApiError);
    expect(models.leases).toBe(0);
  });

  it("is given back when it comes after the end", async () => {
    const models = new FakeModels();
    let arrive = (): void => {};
    models.loading = new Promise<void>((resolve) => (arrive = resolve));
    // A source that doesn't look at the signal.
    const acquire = models.acquire.bind(models);
    models.acquire = (name) => acquire(name);
    const { answering } = answeringWith(models);
    let used = false;
    const waiting = answering.whole(() => void (used = true)).catch(() => undefined);
    answering.end();
    arrive();
    await waiting;
    expect(models.leases).toBe(0);
    expect(used).toBe(false);
  });

  it("is stopped with the reason for which the request was cancelled", async () => {
    const { abort, answering } = answeringWith(new FakeModels());
    const reason = new ApiError(504, { message: "Too slow." });
    abort.abort(reason);
    answering.end();
    expect(answering.signal.aborted).toBe(true);
    expect(answering.signal.reason).toBe(reason);
  });
});
