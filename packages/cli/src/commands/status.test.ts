import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { FakeWorld } from "../fakes/fake-world.js";

const health = {
  status: "ok",
  version: "1.2.3",
  uptime_secs: 3700,
  runtime: {
    node: "v20.0.0",
    platform: "linux-x64",
    requested_backend: "auto",
    selected_backend: "cpu",
    detected_device: { kind: "cpu", instruction_set: "avx2", threads: 4 },
    total_memory_bytes: 16e9,
    available_memory_bytes: 8e9,
  },
  models: [
    {
      ...{ id: "qwen3-4b", status: "ready", requests: 2, expires_at: null, error: null, quantization: "Q4_K_M" },
      ...{ context_length: 4096, backend: "cpu", device: "cpu" },
    },
  ],
};

type Answers = Record<string, { status?: number; body: unknown }>;

/** A server that answers so, and what it was asked. */
async function server(answers: Answers): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const http = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? ""}`.trim());
    const { status = 200, body } = answers[request.url!] ?? { status: 404, body: "nothing" };
    response.writeHead(status).end(typeof body === "string" ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void http.close());
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, asked };
}

const metrics = `izwi_requests_active 2
izwi_requests_completed_total{model="qwen3-4b",reason="stop"} 7
izwi_completion_tokens_total{model="qwen3-4b"} 700
izwi_latency_ttft_ms_sum{model="qwen3-4b"} 700
izwi_latency_ttft_ms_count{model="qwen3-4b"} 7
`;
const whole: Answers = {
  "/v1/health": { body: health },
  "/metrics": { body: metrics },
  "/v1/models": { body: { data: [{ id: "qwen3-4b" }, { id: "izwi-tiny" }] } },
};

describe("status", () => {
  it("tells how the server of --server is", async () => {
    const { url, asked } = await server(whole);
    const world = new FakeWorld();
    expect(await world.run("status", "--server", `${url}/v1/`)).toBe(0);
    expect(world.stdout.text).toMatch(/^status\s+ok$/m);
    expect(world.stdout.text).toMatch(/^up for\s+1 h 1 min$/m);
    expect(world.stdout.text).toMatch(/^computes\s+cpu cpu avx2, 4 threads$/m);
    expect(world.stdout.text).toMatch(/^qwen3-4b\s+ready\s+Q4_K_M\s+4096\s+cpu\s+2\s+in use$/m);
    expect(asked).toEqual(["GET /v1/health"]);
  });

  it("-d adds counts and times, in every format", async () => {
    const { url, asked } = await server(whole);
    const env = { IZWI_SERVER: url, IZWI_API_KEY: "k" };
    const world = new FakeWorld({ env });
    expect(await world.run("info", "-d")).toBe(0);
    expect(world.stdout.text).toMatch(/^requests\s+2 running, 0 waiting, 7 completed, 0 failed$/m);
    expect(world.stdout.text).toMatch(/^first token\s+100 ms$/m);
    expect(world.stdout.text).toMatch(/^models\s+qwen3-4b, izwi-tiny$/m);
    expect(asked[0]).toBe("GET /v1/health Bearer k");
    const json = new FakeWorld({ env });
    await json.run("status", "-d", "--json");
    expect(JSON.parse(json.stdout.text)).toMatchObject({
      ...{ server: url, status: "ok", available: ["qwen3-4b", "izwi-tiny"] },
      work: { requests_completed: 7, completion_tokens: 700, mean_ttft_ms: 100 },
    });
    const yaml = new FakeWorld({ env });
    await yaml.run("status", "--output-format", "yaml");
    expect(yaml.stdout.text).toContain("runtime:\n  node: v20.0.0\n");
  });

  it("-w looks again until Ctrl+C", async () => {
    const { url } = await server(whole);
    const world = new FakeWorld();
    const done = world.start("status", "-w", "0.2", "--server", url, "--output-format", "json");
    for (const _ of [1, 2]) await world.shows('"status":"ok"', "stdout");
    world.signals.emit("SIGINT");
    expect(await done).toBe(0);
    for (const line of world.stdout.text.trimEnd().split("\n")) JSON.parse(line);
  });

  it.each<[Answers, string]>([
    [{}, "says: /v1/health gives 404. Is it an izwi server?"],
    [{ "/v1/health": { status: 401, body: {} } }, "wants a key: set IZWI_API_KEY"],
    [{ "/v1/health": { body: "<html>" } }, "is no izwi server"],
    [{ "/v1/health": { status: 503, body: { error: { message: "Loading" } } } }, "says: Loading."],
  ])("%j is a failure", async (answers, message) => {
    const { url } = await server(answers);
    const world = new FakeWorld();
    expect(await world.run("status", "--server", url)).toBe(1);
    expect(world.stderr.text).toContain(message);
    expect(world.stdout.text).toBe("");
  });

  it("says how to start one where none answers, and what an address looks like", async () => {
    const world = new FakeWorld({ env: { IZWI_SERVER: "http://127.0.0.1:9" } });
    expect(await world.run("ps")).toBe(1);
    expect(world.stderr.text).toMatch(
      /No server answers at http:\/\/127\.0\.0\.1:9 \(.+\)\.\nStart one with: izwi serve/,
    );
    const wrong = new FakeWorld();
    expect(await wrong.run("status", "--server", "localhost:8080")).toBe(2);
    expect(wrong.stderr.text).toContain("A server's address looks like http://localhost:8080");
  });
});

it("ps lists the loaded models", async () => {
  const { url } = await server(whole);
  const world = new FakeWorld();
  expect(await world.run("ps", "--server", url, "--output-format", "plain")).toBe(0);
  expect(world.stdout.text).toBe("qwen3-4b\n");
  const none = await server({ "/v1/health": { body: { ...health, models: [] } } });
  const empty = new FakeWorld();
  expect(await empty.run("ps", "--server", none.url, "--json")).toBe(0);
  expect(JSON.parse(empty.stdout.text)).toEqual([]);
  expect(empty.stderr.text).toContain("No model is loaded");
});

describe("models load and unload", () => {
  const answers: Answers = {
    ...whole,
    "/v1/admin/models/a%2Fb/load": { status: 202, body: { id: "a/b", status: "loading" } },
    "/v1/admin/models/a%2Fb/load?wait=true": { body: { id: "a/b", status: "ready" } },
    "/v1/admin/models/qwen3-4b/unload": { body: { id: "qwen3-4b", status: "downloaded" } },
    "/v1/admin/models/busy/unload": { status: 409, body: { error: { message: "busy is in use: try again." } } },
  };

  it.each<[string[], number, string]>([
    [["load", "a/b"], 0, "a/b is being loaded.\n"],
    [["load", "-w", "a/b"], 0, "a/b is loaded.\n"],
    [["unload", "qwen3-4b"], 0, "qwen3-4b is unloaded.\n"],
    [["unload", "all", "-y"], 0, "qwen3-4b is unloaded.\n"],
    [["unload", "busy"], 1, "busy is in use: try again.\n"],
    [["unload", "all"], 2, "give --yes to unload all"],
  ])("%j", async (argv, code, message) => {
    const { url } = await server(answers);
    const world = new FakeWorld();
    expect(await world.run("models", ...argv, "--server", url)).toBe(code);
    expect(world.stderr.text).toContain(message);
  });
});
