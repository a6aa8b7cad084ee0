import { describe, expect, it, vi } from "vitest";
import { NativeChatStream } from "./chat-stream.js";
import type { ChatEvent } from "./events.js";
import { FakeStream } from "./fakes/fake-addon.js";

const text = (value: string) => ({ type: "text-delta", text: value });
const end = { type: "end", finishReason: "stop", completionTokens: 2 };

function setUp(signal?: AbortSignal) {
  const native = new FakeStream();
  const start = vi.fn(() => native);
  return { native, start, stream: new NativeChatStream(start, signal) };
}

async function collect(stream: AsyncIterable<ChatEvent>): Promise<string[]> {
  const seen: string[] = [];
  for await (const event of stream) seen.push("text" in event ? event.text : event.type);
  return seen;
}

describe("NativeChatStream", () => {
  it("flattens batches up to the end, and cancels nothing then", async () => {
    const { native, stream } = setUp();
    native.send([text("a"), text("b")], [text("c"), end]);
    expect(await collect(stream)).toEqual(["a", "b", "c", "end"]);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(native.cancelled).toBe(0);
  });

  it("starts with the first next() and not before", async () => {
    const { native, start, stream } = setUp();
    expect(start).not.toHaveBeenCalled();
    native.send([end]);
    await collect(stream);
    expect(start).toHaveBeenCalledOnce();
  });

  it("serves several next() at once in order", async () => {
    const { native, stream } = setUp();
    const results = Promise.all([stream.next(), stream.next(), stream.next()]);
    native.send([text("a")], [end]);
    expect((await results).map(({ value }) => value?.type)).toEqual(["text-delta", "end", undefined]);
  });

  it("cancels on break", async () => {
    const { native, stream } = setUp();
    native.send([text("a"), text("b")]);
    for await (const event of stream) {
      expect(event).toEqual(text("a"));
      break;
    }
    expect(native.cancelled).toBe(1);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it("cancels at once on return(), while a next() is pending", async () => {
    const { native, start, stream } = setUp();
    const pending = stream.next();
    await vi.waitFor(() => expect(start).toHaveBeenCalled());
    await stream.return();
    expect(await pending).toEqual({ done: true, value: undefined });
    expect(native.cancelled).toBe(1);
  });

  it("passes endThinking() on while it runs, and not before or after", async () => {
    const { native, stream } = setUp();
    stream.endThinking();
    native.send([{ type: "reasoning-delta", text: "hm" }]);
    await stream.next();
    stream.endThinking();
    native.send([end]);
    await collect(stream);
    stream.endThinking();
    expect(native.thinkingEnds).toBe(1);
  });

  it("never starts when it's left first, or aborted first", async () => {
    const left = setUp();
    await left.stream.return();
    expect(await collect(left.stream)).toEqual([]);
    expect(left.start).not.toHaveBeenCalled();

    const aborted = setUp(AbortSignal.abort());
    await expect(collect(aborted.stream)).rejects.toMatchObject({ code: "ABORTED", name: "AbortError" });
    expect(aborted.start).not.toHaveBeenCalled();
  });

  it("rejects a pending next() when the signal fires, cancels, and is over", async () => {
    const controller = new AbortController();
    const { native, stream } = setUp(controller.signal);
    native.send([text("a")]);
    await stream.next();
    const pending = stream.next();
    setTimeout(() => controller.abort("enough"), 5);
    await expect(pending).rejects.toMatchObject({ code: "ABORTED", cause: "enough" });
    expect(native.cancelled).toBe(1);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it("drops what is ready when the signal has fired between two next()", async () => {
    const controller = new AbortController();
    const { native, stream } = setUp(controller.signal);
    native.send([text("a"), text("b"), end]);
    await stream.next();
    controller.abort();
    await expect(stream.next()).rejects.toMatchObject({ code: "ABORTED" });
  });

  it("hands out what came before an error event, then the error", async () => {
    const { native, stream } = setUp();
    native.send([text("a"), { type: "error", code: "OUT_OF_MEMORY", message: "no blocks left" }]);
    expect((await stream.next()).value).toEqual(text("a"));
    await expect(stream.next()).rejects.toMatchObject({ code: "OUT_OF_MEMORY", message: "no blocks left" });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it.each([
    ["the stream ends without an end event", null],
    ["the end is a cancelled one", [{ type: "end", finishReason: "cancelled" }]],
    ["next() fails so", new Error("CLOSED: the model was closed")],
  ])("says that the model was closed when %s", async (_, last) => {
    const { native, stream } = setUp();
    native.send([text("a")], last);
    await stream.next();
    await expect(stream.next()).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("turns a failed start into a typed error", async () => {
    const stream = new NativeChatStream(() => {
      throw new Error("CONTEXT_OVERFLOW: 600 prompt tokens, but the context holds 512");
    }, undefined);
    await expect(stream.next()).rejects.toMatchObject({
      code: "CONTEXT_OVERFLOW",
      message: expect.stringMatching(/600.*512/),
    });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });
});
