import { readFileSync } from "node:fs";
import { listModels, resolveModel } from "@izwi/core";
import { describe, expect, it } from "vitest";
import { FileServer, Hub, modelFile, sha256, type Fault } from "./hub.js";
import { Place, quick } from "./pulling.js";

const content = modelFile(20_000);
const name = "hf:org/model/a.gguf";
const record = "org--model/a.gguf.izwi.json";

/** The same for so many requests. */
const always = (times: number, fault: Fault): Fault[] => Array.from({ length: times }, () => ({ ...fault }));

async function published(files: Record<string, Buffer> = { "a.gguf": content }, more = {}): Promise<[Hub, Place]> {
  const hub = await Hub.start();
  hub.publish("org/model", files, more);
  return [hub, new Place()];
}

/** The n-th requests to the storage go wrong. */
const faults =
  (...list: (Fault | undefined)[]) =>
  ({ index }: { index: number }) =>
    list[index];

describe("a download from a hub", () => {
  it("arrives whole, over several connections, and can be found by its name", async () => {
    const [hub, place] = await published();
    const pulled = await place.pull(hub, name);
    expect(pulled).toMatchObject({ origin: "downloaded", bytes: 20_000, sha256: sha256(content), id: "org--model" });
    expect(pulled.revision).toBe(hub.commitOf("org/model"));
    expect(readFileSync(pulled.path).equals(content)).toBe(true);
    expect(hub.storage.seen.map(({ headers }) => headers.range)).toHaveLength(5);
    expect(place.files()).toEqual(["org--model/a.gguf", record]);
    const { modelsDir } = place;
    expect((await resolveModel(name, { modelsDir })).path).toBe(pulled.path);
    expect((await listModels({ modelsDir }))[0]?.source).toMatchObject({ key: name, repository: "org/model" });
  });

  it("tells its progress: bytes that only grow, rate, rest and the end", async () => {
    const [hub, place] = await published();
    await place.pull(hub, name);
    const downloads = place.progress.filter((event) => event.type === "download");
    const bytes = downloads.map((event) => event.bytes);
    expect(bytes).toEqual([...bytes].sort((a, b) => a - b));
    expect(downloads.at(-1)).toMatchObject({ bytes: 20_000, totalBytes: 20_000, etaMs: 0, resumedBytes: 0 });
    expect(downloads.at(-1)!.bytesPerSecond).toBeGreaterThan(0);
    expect(place.kinds()).toEqual(["resolve", "download", "verify"]);
  });

  it("isn't done again, unless somebody insists", async () => {
    const [hub, place] = await published();
    await place.pull(hub, name);
    const requests = hub.storage.seen.length;
    expect(await place.pull(hub, name)).toMatchObject({ origin: "installed", sha256: sha256(content) });
    expect(hub.storage.seen).toHaveLength(requests);
    expect((await place.pull(hub, name, { force: true })).origin).toBe("downloaded");
    expect(hub.storage.seen.length).toBeGreaterThan(requests);
  });

  it("chooses the file by its quantization, and lists them when it can't", async () => {
    const [hub, place] = await published({ "m-Q8_0.gguf": content, "m-Q4_K_M.gguf": modelFile(500) });
    expect((await place.pull(hub, "hf:org/model:q8_0")).path).toContain("m-Q8_0.gguf");
    expect((await place.pull(hub, "hf:org/model")).bytes).toBe(500);
    await expect(place.pull(hub, "hf:org/model:Q5_K_M")).rejects.toMatchObject({
      code: "MODEL_NOT_FOUND",
      message: expect.stringContaining("m-Q4_K_M.gguf, m-Q8_0.gguf"),
    });
  });

  it("follows what is published under the same name", async () => {
    const [hub, place] = await published();
    await place.pull(hub, name);
    const newer = modelFile(20_000);
    hub.publish("org/model", { "a.gguf": newer });
    expect(await place.pull(hub, name)).toMatchObject({ origin: "downloaded", sha256: sha256(newer) });
  });
});

describe("what goes wrong on the way", () => {
  it.each<[string, (Fault | undefined)[]]>([
    ["the connection is cut", [{ cutAfter: 1500 }, { cutAfter: 0 }, { cutAfter: 3999 }, { cutAfter: 1 }]],
    ["nothing more comes", [{ stallAfter: 1000 }, { stallAfter: 0 }]],
    ["the server is busy", [{ status: 503 }, { status: 500 }, { status: 429, headers: { "retry-after": "0" } }]],
    ["parts can't be had", always(20, { ignoreRange: true })],
    [
      "parts can't be had, and the connection is cut",
      [{ ignoreRange: true }, ...always(4, { ignoreRange: true, cutAfter: 9000 })],
    ],
    ["more comes than was asked for", [{ sendMore: 2000 }, { sendMore: 1 }]],
    ["the length comes as no length", always(20, { chunked: true })],
    ["the links expire", [undefined, undefined, { status: 403 }, { status: 403 }]],
  ])("%s: the file is right all the same", async (_, list) => {
    const [hub, place] = await published();
    hub.storage.fault = faults(...list);
    const { path } = await place.pull(hub, name);
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(place.files()).toEqual(["org--model/a.gguf", record]);
  });

  it("each byte is a place where the connection can be cut", async () => {
    const small = modelFile(16);
    const [hub, place] = await published({ "a.gguf": small });
    for (let cutAfter = 0; cutAfter <= 16; cutAfter++) {
      const first = hub.storage.seen.length;
      hub.storage.fault = ({ index }) => (index === first ? { cutAfter } : undefined);
      const { path } = await place.pull(hub, name, { force: true });
      expect(readFileSync(path).equals(small)).toBe(true);
    }
  });

  it("signed links that expire in the middle are asked for again", async () => {
    const [hub, place] = await published();
    hub.storage.fault = ({ index }) => {
      if (index === 3) hub.expireLinks();
      return undefined;
    };
    await place.pull(hub, name, { connections: 1 });
    const asked = hub.api.seen.filter(({ method }) => method === "HEAD");
    expect(asked.length).toBeGreaterThan(1);
    expect(hub.storage.seen.some(({ path }) => path !== hub.storage.seen[0]!.path)).toBe(true);
  });

  it("a server that is down is tried a few times, then named", async () => {
    const [hub, place] = await published();
    hub.storage.fault = () => ({ status: 500 });
    await expect(place.pull(hub, name)).rejects.toMatchObject({
      code: "DOWNLOAD_FAILED",
      message: expect.stringMatching(/answered with status 500\. It was tried 5 times\.$/),
    });
    expect(place.progress.filter(({ type }) => type === "retry").length).toBeGreaterThanOrEqual(4);
    hub.storage.fault = () => undefined;
    expect((await place.pull(hub, name)).origin).toBe("downloaded");
  });

  it("Retry-After is waited for", async () => {
    const [hub, place] = await published();
    hub.storage.fault = faults({ status: 429, headers: { "retry-after": "1" } });
    const began = Date.now();
    await place.pull(hub, name, { connections: 1 });
    expect(Date.now() - began).toBeGreaterThanOrEqual(990);
  });

  it("a content that isn't right is fetched once more, then refused, and nothing of it stays", async () => {
    const [hub, place] = await published();
    const wrong = modelFile(20_000);
    hub.storage.fault = ({ index }) => (index < 5 ? { content: wrong } : undefined);
    expect((await place.pull(hub, name)).sha256).toBe(sha256(content));
    const other = new Place();
    hub.storage.fault = () => ({ content: wrong });
    await expect(other.pull(hub, name)).rejects.toMatchObject({ code: "CHECKSUM_MISMATCH" });
    expect(other.files()).toEqual([]);
  });

  it("a file that changes between the parts is begun anew", async () => {
    const [hub, place] = await published();
    const newer = modelFile(15_000);
    hub.storage.fault = ({ index }) => {
      if (index !== 2) return undefined;
      hub.publish("org/model", { "a.gguf": newer });
      hub.expireLinks();
      return { status: 403 };
    };
    const pulled = await place.pull(hub, name, { connections: 1 });
    expect(readFileSync(pulled.path).equals(newer)).toBe(true);
  });

  it("a length that is a lie is found out", async () => {
    const [hub, place] = await published();
    hub.api.fault = () => ({ claimTotal: 30_000 });
    await expect(place.pull(hub, name)).rejects.toMatchObject({ code: "DOWNLOAD_FAILED" });
    hub.api.fault = () => undefined;
    hub.storage.fault = faults({ claimTotal: 50 });
    expect(readFileSync((await place.pull(hub, name)).path).equals(content)).toBe(true);
  });

  it("a callback that throws is no failure of the network", async () => {
    const [hub, place] = await published();
    const onProgress = ({ type }: { type: string }) => {
      if (type === "download") throw new Error("my own");
    };
    await expect(place.pull(hub, name, { onProgress })).rejects.toMatchObject({
      code: "INVALID_REQUEST",
      message: expect.stringContaining("my own"),
    });
  });

  it("an abort leaves what came, and the next pull goes on there", async () => {
    const [hub, place] = await published();
    const stop = new AbortController();
    hub.storage.fault = () => ({ pauseMs: 5 });
    const pulling = place.pull(hub, name, {
      signal: stop.signal,
      onProgress: (event) => event.type === "download" && event.bytes >= 8000 && stop.abort(),
    });
    await expect(pulling).rejects.toMatchObject({ code: "ABORTED", name: "AbortError" });
    expect(place.files()).toEqual(["org--model/a.gguf.part", "org--model/a.gguf.part.json"]);
    hub.storage.fault = () => undefined;
    await place.pull(hub, name);
    const begin = place.progress.find((event) => event.type === "download");
    expect(begin).toMatchObject({ resumedBytes: expect.toSatisfy((bytes: number) => bytes >= 8000) });
  });
});

describe("a file at any address", () => {
  it("is pulled by a web server's ETag, and goes on only with the same content", async () => {
    const server = await FileServer.start({ "/files/My%20Model.gguf": content });
    const place = new Place();
    const hub = await Hub.start();
    const url = `${server.endpoint.url}/files/My%20Model.gguf`;
    server.endpoint.fault = ({ index }) => (index === 2 ? { cutAfter: 500 } : index > 2 ? { status: 500 } : undefined);
    await expect(place.pull(hub, url, { connections: 1 })).rejects.toMatchObject({ code: "DOWNLOAD_FAILED" });
    server.endpoint.fault = () => undefined;
    const newer = modelFile(20_000);
    server.files.set("/files/My%20Model.gguf", newer);
    const pulled = await place.pull(hub, url);
    expect(readFileSync(pulled.path).equals(newer)).toBe(true);
    expect(pulled.id).toBe("My Model");
    expect((await place.pull(hub, url)).origin).toBe("installed");
  });

  it("needs neither HEAD nor a length nor parts", async () => {
    const server = await FileServer.start({ "/a.gguf": content });
    server.headStatus = 405;
    server.endpoint.fault = () => ({ chunked: true, ignoreRange: true });
    const place = new Place();
    const { path } = await place.pull(await Hub.start(), `${server.endpoint.url}/a.gguf`);
    expect(readFileSync(path).equals(content)).toBe(true);
  });

  it("must be a model, and must be there", async () => {
    const page = Buffer.from("<html>Please log in to this network</html>");
    const server = await FileServer.start({ "/a.gguf": page });
    const place = new Place();
    const hub = await Hub.start();
    await expect(place.pull(hub, `${server.endpoint.url}/a.gguf`)).rejects.toMatchObject({
      code: "INVALID_MODEL_FILE",
    });
    await expect(place.pull(hub, `${server.endpoint.url}/b.gguf`)).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
    expect(place.files()).toEqual([]);
  });

  it("that nobody answers at is an error that says so", async () => {
    const server = await FileServer.start({});
    const url = `${server.endpoint.url}/a.gguf`;
    server.endpoint.close();
    const place = new Place();
    await expect(place.pull(await Hub.start(), url, { tuning: { ...quick } })).rejects.toMatchObject({
      code: "DOWNLOAD_FAILED",
      message: expect.stringContaining("refuses the connection"),
    });
  });
});
