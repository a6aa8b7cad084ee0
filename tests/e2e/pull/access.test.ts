import { createServer, type IncomingMessage } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { readFileSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { FileServer, Hub, modelFile, sha256 } from "./hub.js";
import { Place } from "./pulling.js";

const content = modelFile(5000);
const name = "hf:org/model/a.gguf";

async function published(more = {}): Promise<[Hub, Place]> {
  const hub = await Hub.start();
  hub.publish("org/model", { "a.gguf": content }, more);
  return [hub, new Place()];
}

describe("the token", () => {
  it("opens gated and private repositories, and never leaves for another host", async () => {
    for (const kind of [{ gated: true }, { private: true }]) {
      const [hub, place] = await published(kind);
      const { sha256: hash } = await place.pull(hub, name, { env: { HF_TOKEN: hub.token } });
      expect(hash).toBe(sha256(content));
      expect(hub.api.seen.every(({ headers }) => headers.authorization === `Bearer ${hub.token}`)).toBe(true);
      expect(hub.storage.seen.length).toBeGreaterThan(0);
      expect(hub.storage.seen.every(({ headers }) => headers.authorization === undefined)).toBe(true);
    }
  });

  it("goes along to where a repository was renamed, but not to a host that the hub redirects to", async () => {
    const [hub, place] = await published({ private: true });
    hub.api.fault = ({ path }) =>
      path.startsWith("/old/name/")
        ? { status: 307, headers: { location: path.replace("/old/name/", "/org/model/") } }
        : undefined;
    const env = { HF_TOKEN: hub.token };
    expect((await place.pull(hub, "hf:old/name/a.gguf", { env })).sha256).toBe(sha256(content));
    const thief = await FileServer.start({ "/a.gguf": content });
    hub.api.fault = () => ({ status: 302, headers: { location: `${thief.endpoint.url}/a.gguf` } });
    await new Place().pull(hub, name, { env });
    expect(thief.endpoint.seen.length).toBeGreaterThan(0);
    expect(thief.endpoint.seen.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });

  it("isn't sent to an address that is no hub", async () => {
    const server = await FileServer.start({ "/a.gguf": content });
    const [hub, place] = await published();
    await place.pull(hub, `${server.endpoint.url}/a.gguf`, { env: { HF_TOKEN: hub.token } });
    expect(server.endpoint.seen.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });
});

describe("what may not be had, or isn't there", () => {
  it.each([
    [
      "a gated one without a token",
      { gated: true },
      {},
      "ACCESS_DENIED",
      /accept its conditions at .*, then set HF_TOKEN/,
    ],
    [
      "a gated one, not accepted",
      { gated: true },
      { HF_TOKEN: "hf_else" },
      "ACCESS_DENIED",
      /account of your HF_TOKEN/,
    ],
    ["a private one without a token", { private: true }, {}, "MODEL_NOT_FOUND", /doesn't exist .*or it is private/],
  ])("%s", async (_, kind, env, code, message) => {
    const [hub, place] = await published(kind);
    await expect(place.pull(hub, name, { env })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect(place.files()).toEqual([]);
  });

  it.each([
    ["hf:org/other/a.gguf", /org\/other doesn't exist/],
    ["hf:org/other:Q4_K_M", /org\/other doesn't exist/],
    ["hf:org/model/b.gguf", /has no file b\.gguf in revision main/],
    ["hf:org/model@v9/a.gguf", /has no revision v9/],
    ["qwen3-0.5b", /Did you mean qwen3-0\.6b/],
    ["gpt-4", /No model is called "gpt-4"/],
  ])("%s is MODEL_NOT_FOUND", async (name, message) => {
    const [hub, place] = await published();
    const failure = { code: "MODEL_NOT_FOUND", message: expect.stringMatching(message) };
    await expect(place.pull(hub, name)).rejects.toMatchObject(failure);
  });

  it("a 401 that says nothing is told from a token that isn't valid", async () => {
    const [hub, place] = await published();
    hub.api.fault = () => ({ status: 401 });
    await expect(place.pull(hub, name)).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
    await expect(place.pull(hub, name, { env: { HF_TOKEN: "x" } })).rejects.toMatchObject({ code: "ACCESS_DENIED" });
  });
});

describe("without a network", () => {
  const env = { HF_HUB_OFFLINE: "1" };

  it("nobody is asked; what is installed is found, and the rest is OFFLINE", async () => {
    const [hub, place] = await published();
    await expect(place.pull(hub, name, { env })).rejects.toMatchObject({ code: "OFFLINE" });
    await expect(place.pull(hub, "qwen3-4b", { env })).rejects.toMatchObject({ code: "OFFLINE" });
    expect(hub.api.seen).toEqual([]);
    await place.pull(hub, name);
    const asked = hub.api.seen.length;
    expect((await place.pull(hub, name, { env })).origin).toBe("installed");
    expect(hub.api.seen).toHaveLength(asked);
  });

  it("the built-in model is always there", async () => {
    const [hub, place] = await published();
    expect(await place.pull(hub, "builtin", { env })).toMatchObject({ id: "izwi-tiny", origin: "installed" });
  });
});

describe("behind a proxy", () => {
  it("all goes through it, but for what NO_PROXY names", async () => {
    const [hub, place] = await published();
    const proxy = await startProxy(new URL(hub.api.url).port);
    const env = { HF_ENDPOINT: "http://hub.invalid", HTTP_PROXY: proxy.url, HF_TOKEN: "hf_x" };
    const { path } = await place.pull(hub, name, { env });
    expect(readFileSync(path).equals(content)).toBe(true);
    const storage = new URL(hub.storage.url).host;
    expect(new Set(proxy.connects)).toEqual(new Set(["hub.invalid:80", storage]));
    proxy.connects.length = 0;
    await new Place().pull(hub, name, { env: { ...env, NO_PROXY: "127.0.0.1" } });
    expect(new Set(proxy.connects)).toEqual(new Set(["hub.invalid:80"]));
  });

  it("that isn't there, the error names it", async () => {
    const [hub, place] = await published();
    const env = { HTTP_PROXY: "http://127.0.0.1:1" };
    await expect(place.pull(hub, name, { env })).rejects.toMatchObject({ code: "DOWNLOAD_FAILED" });
    await expect(place.pull(hub, name, { env: { HTTP_PROXY: "socks5://127.0.0.1:1" } })).rejects.toMatchObject({
      code: "INVALID_REQUEST",
    });
  });
});

/** A proxy that tunnels; `hub.invalid` is the server at `port` of this machine. */
async function startProxy(port: string): Promise<{ url: string; connects: string[] }> {
  const connects: string[] = [];
  const open: Socket[] = [];
  const server = createServer().on("connect", (request: IncomingMessage, client: Socket) => {
    connects.push(request.url!);
    const [host, hostPort] = request.url!.split(":");
    const target = connect(Number(host === "hub.invalid" ? port : hostPort), "127.0.0.1", () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      target.pipe(client).pipe(target);
    });
    for (const socket of [client, target]) socket.on("error", () => {});
    open.push(client, target);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connects };
}
