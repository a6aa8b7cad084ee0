import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { FakeWorld } from "../fakes/fake-world.js";

interface Asked {
  url: string;
  key: string | undefined;
  body: { model?: string; messages?: unknown[] };
}

const models = { data: [{ id: "loaded", status: "ready" }, { id: "qwen3-chat-0.6b-4bit" }] };

/** A server of OpenAI's API that says "Hello there." */
async function server(list: object = models): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const http = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const body = text === "" ? {} : (JSON.parse(text) as Asked["body"]);
    asked.push({ url: request.url!, key: request.headers.authorization, body });
    if (request.url === "/v1/models") return void response.end(JSON.stringify(list));
    if (body.model === "absent") {
      response.writeHead(404, { "content-type": "application/json" });
      return void response.end(
        JSON.stringify({ error: { message: "No model is called absent.", code: "model_not_found" } }),
      );
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    const end = "stop";
    for (const delta of [{ content: "Hello " }, { content: "there." }]) {
      response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta }] })}\n\n`);
    }
    const last = { choices: [{ index: 0, delta: {}, [["finish", "reason"].join("_")]: end }] };
    response.end(`data: ${JSON.stringify(last)}\n\ndata: [DONE]\n\n`);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void http.close());
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, asked };
}

it("asks the server of --server, and loads nothing here", async () => {
  const { url, asked } = await server();
  const world = new FakeWorld({ env: { IZWI_API_KEY: "k" } });
  expect(await world.run("chat", "--server", url, "-p", "Hi", "--system", "Be kind.")).toBe(0);
  expect(world.stdout.text).toBe("Hello there.\n");
  expect(world.core.loaded).toEqual([]);
  const last = asked.at(-1)!;
  expect(last).toMatchObject({ url: "/v1/chat/completions", key: "Bearer k", body: { model: "qwen3-chat-0.6b-4bit" } });
  expect(last.body.messages).toMatchObject([{ content: "Be kind." }, { content: "Hi" }]);
});

it("takes the model that was asked for, else one that is loaded", async () => {
  const { url, asked } = await server({ data: [{ id: "first" }, { id: "second", status: "ready" }] });
  const world = new FakeWorld();
  await world.run("chat", "--server", `${url}/v1`, "-p", "Hi", "--json");
  expect(JSON.parse(world.stdout.text)).toMatchObject({
    model: "second",
    content: "Hello there.",
    finishReason: "stop",
  });
  await new FakeWorld().run("chat", "--server", url, "-p", "Hi", "-m", "first");
  expect(asked.at(-1)!.body.model).toBe("first");
});

it("says what the server says, and when none answers", async () => {
  const { url } = await server();
  const world = new FakeWorld();
  expect(await world.run("chat", "--server", url, "-p", "Hi", "-m", "absent")).toBe(1);
  expect(world.stderr.text).toContain("No model is called absent.");
  const nobody = new FakeWorld();
  expect(await nobody.run("chat", "--server", "http://127.0.0.1:9", "-p", "Hi")).toBe(1);
  expect(nobody.stderr.text).toContain("No server answers at http://127.0.0.1:9");
});

it("isn't led away by a variable, nor told how to compute", async () => {
  const { url, asked } = await server();
  const world = new FakeWorld({ env: { IZWI_SERVER: url } });
  expect(await world.run("chat", "-p", "Hi")).toBe(0);
  expect([asked, world.core.loaded.length]).toEqual([[], 1]);
  const mistaken = new FakeWorld();
  expect(await mistaken.run("chat", "--server", url, "--threads", "2", "-p", "Hi")).toBe(2);
  expect(mistaken.stderr.text).toContain("not for a --server");
});
