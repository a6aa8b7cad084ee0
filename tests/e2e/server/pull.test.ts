/** Models brought in and taken away over HTTP, by the real server from a hub on this machine. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModelPath } from "@izwi/core";
import { onTestFinished, expect, it } from "vitest";
import { Hub } from "../pull/hub.js";
import { pause, serveIn, type TestServer } from "./running-server.js";

const MODEL = readFileSync(builtinModelPath());
const PULL = "/v1/admin/models/hf%3Aorg%2Ftiny/pull";

interface Progress {
  id: string;
  status: string;
  bytes: number;
  total_bytes: number | null;
}

interface PullEvent {
  event: string;
  data: Progress & { error: { code: string; message: string } };
}

async function* eventsOf(response: Response): AsyncGenerator<PullEvent> {
  let text = "";
  for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
    text += piece;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
      text = text.slice(end + 2);
      if (event !== undefined) yield { event, data: JSON.parse(data!) as PullEvent["data"] };
    }
  }
}

async function all(response: Promise<Response>): Promise<PullEvent[]> {
  const events: PullEvent[] = [];
  for await (const event of eventsOf(await response)) events.push(event);
  return events;
}

async function start(): Promise<{
  hub: Hub;
  server: TestServer;
  ask: (method: string, path: string) => Promise<Response>;
}> {
  const hub = await Hub.start();
  hub.publish("org/tiny", { "tiny-Q8_0.gguf": MODEL });
  const server = await serveIn((home) => hub.env(home));
  onTestFinished(async () => void (await server.stop()));
  return { hub, server, ask: (method, path) => fetch(`${server.url}${path}`, { method }) };
}

const slowly = (hub: Hub): void => void (hub.storage.fault = () => ({ pauseMs: 5 }));

async function whenDownloading(response: Response): Promise<Progress> {
  for await (const { data } of eventsOf(response))
    if (data.status === "downloading" && data.bytes > 20_000) return data;
  throw new Error("It ended before that.");
}

it("a pulled model answers, and is gone when it's removed", async () => {
  const { ask, server } = await start();
  const events = await all(ask("POST", PULL));
  expect(events.at(-1)).toEqual({ event: "done", data: { id: expect.any(String) } });
  const sizes = events.filter(({ data }) => data.status === "downloading").map(({ data }) => data.bytes);
  expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
  expect(sizes.at(-1)).toBe(MODEL.length);
  const { id } = events.at(-1)!.data;
  const body = JSON.stringify({ model: id, messages: [{ role: "user", content: "Hello!" }], temperature: 0 });
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${server.url}/v1/chat/completions`, { method: "POST", body, headers });
  expect(answer.status).toBe(200);
  expect((await answer.json()) as object).toMatchObject({ choices: [{ message: { content: /./ } }] });
  const removed = await ask("DELETE", `/v1/admin/models/${encodeURIComponent(id)}`);
  expect(await removed.json()).toEqual({ id, freed_bytes: MODEL.length });
  expect(readdirSync(server.modelsDir)).toEqual([]);
});

it("a pull goes on when its viewer leaves; others join it, and one cancels it; the next goes on from there", async () => {
  const { ask, hub, server } = await start();
  slowly(hub);
  const leaving = await ask("POST", PULL);
  const { bytes } = await whenDownloading(leaving);
  await pause(300);
  const second = await ask("GET", PULL);
  const { data } = (await eventsOf(second).next()).value as PullEvent;
  expect(data.bytes).toBeGreaterThan(bytes);
  const during = (await (await ask("GET", "/v1/admin/catalog")).json()) as {
    pulls: Progress[];
    unfinished: Progress[];
  };
  expect(during).toMatchObject({ pulls: [{ id: "hf:org/tiny", status: "downloading" }], unfinished: [] });
  const third = all(ask("POST", PULL));
  await pause(50);
  expect(await (await ask("DELETE", PULL)).json()).toMatchObject({ cancelled: true });
  expect((await third).at(-1)).toMatchObject({ event: "error", data: { error: { code: "pull_cancelled" } } });
  const { unfinished } = (await (await ask("GET", "/v1/admin/catalog")).json()) as { unfinished: Progress[] };
  expect(unfinished).toMatchObject([{ id: "hf:org/tiny", total_bytes: MODEL.length }]);
  expect(unfinished[0]!.bytes).toBeGreaterThan(bytes);
  hub.storage.fault = () => undefined;
  const again = await all(ask("POST", PULL));
  expect(again.find(({ data }) => data.status === "downloading")!.data.bytes).toBeGreaterThanOrEqual(
    unfinished[0]!.bytes,
  );
  expect(again.at(-1)!.event).toBe("done");
  expect(existsSync(server.modelsDir)).toBe(true);
});

it("the server stops at once although a pull is watched", async () => {
  const { ask, hub, server } = await start();
  slowly(hub);
  const watched = all(ask("POST", PULL));
  await pause(500);
  const stoppedAt = performance.now();
  expect(await server.stop()).toBe(0);
  expect(performance.now() - stoppedAt).toBeLessThan(5000);
  expect((await watched).at(-1)).toMatchObject({ event: "error", data: { error: { code: "shutting_down" } } });
});

it("what goes wrong is told: no such model, another file than it should be, too small a disk", async () => {
  const { ask, hub } = await start();
  const unknown = await ask("POST", "/v1/admin/models/hf%3Aorg%2Fabsent/pull");
  expect(await unknown.text()).toMatch(/"code":"(model_not_found|download_denied)"/);
  const other = Buffer.from(MODEL);
  other[1000]! ^= 255;
  hub.storage.fault = () => ({ content: other });
  expect((await all(ask("POST", PULL))).at(-1)).toMatchObject({
    event: "error",
    data: { error: { code: "checksum_mismatch" } },
  });
  hub.storage.fault = () => ({ claimTotal: 2 ** 50 });
  hub.api.fault = () => ({ claimTotal: 2 ** 50 });
  expect((await all(ask("POST", PULL))).at(-1)).toMatchObject({
    event: "error",
    data: { error: { code: "disk_full" } },
  });
});
