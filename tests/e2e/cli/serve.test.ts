/** The real `izwi serve`, started, called and stopped as a person or a service manager does it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { cleanEnvironment, izwi, program } from "./program.js";

interface Served {
  url: string;
  kill(signal: NodeJS.Signals): void;
  exit: Promise<number | null>;
  stderr(): string;
}

/** Starts it on a free port and waits until it says where. */
async function serve(args: string[], env: NodeJS.ProcessEnv = cleanEnvironment()): Promise<Served> {
  const child = spawn(process.execPath, [program, "serve", "--port", "0", ...args], { env });
  onTestFinished(() => void child.kill("SIGKILL"));
  let stderr = "";
  const exit = once(child, "exit").then(([code]) => code as number | null);
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      const found = /http:\/\/[\w.]+:\d+(?=[\s"])/.exec(stderr);
      if (found) resolve(found[0]);
    });
    void exit.then((code) => reject(new Error(`It ended with ${code}: ${stderr}`)));
  });
  return { url, exit, kill: (signal) => void child.kill(signal), stderr: () => stderr };
}

/** Busy machines take their time. */
const soon = { timeout: 20_000 };

async function metrics(url: string): Promise<string> {
  return (await fetch(`${url}/metrics`)).text();
}

async function post(url: string, path: string, body: object): Promise<Response> {
  return fetch(url + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** A stream of answers that don't end before the context does, as far as their first word. */
async function endlessStream(url: string, n: number) {
  const ends = ["<|im_end|>", "<|endoftext|>"];
  const ids = await Promise.all(
    ends.map(
      async (content) => ((await (await post(url, "/tokenize", { content })).json()) as { tokens: number[] }).tokens,
    ),
  );
  const response = await post(url, "/v1/chat/completions", {
    messages: [{ role: "user", content: "Hello!" }],
    stream: true,
    n,
    logit_bias: Object.fromEntries(ids.flat().map((id) => [id, -100])),
  });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!/"content":"[^"]/.test(text)) text += (await reader.read()).value ?? "";
  const rest = (async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return text;
      text += value;
    }
  })();
  return rest;
}

describe("izwi serve", () => {
  it("finishes an answer that runs when it is asked to stop", async () => {
    const server = await serve([]);
    const stream = endlessStream(server.url, 1);
    await expect.poll(() => metrics(server.url), soon).toContain("izwi_requests_active 1");
    server.kill("SIGTERM");
    const text = await stream;
    expect(text).toMatch(/"finish_reason":"length"/);
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
    expect(await server.exit).toBe(0);
    expect(server.stderr()).toContain("Stopped.");
  });

  it("leaves at once at the second Ctrl+C", async () => {
    const server = await serve([]);
    const stream = endlessStream(server.url, 16).then(
      (text) => text,
      () => "broken off",
    );
    await expect.poll(() => metrics(server.url), soon).toContain("izwi_requests_active 1");
    server.kill("SIGINT");
    await expect.poll(() => server.stderr(), soon).toContain("Ctrl+C again stops at once");
    server.kill("SIGINT");
    expect(await server.exit).toBe(130);
    expect(await stream).not.toContain("[DONE]");
  });

  it("logs JSON lines alone when programs read them, and nothing of what was said", async () => {
    const server = await serve(["--log-format", "json", "--host", "0.0.0.0"]);
    await fetch(`${server.url}/v1/models`);
    const [first] = server.stderr().split("\n");
    const { api_key: key } = JSON.parse(first!) as { api_key: string };
    const answered = await fetch(`${server.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${key}`, "x-request-id": "mine" },
      body: JSON.stringify({ messages: [{ role: "user", content: "My secret word is xylophone." }] }),
    });
    expect(answered.status).toBe(200);
    server.kill("SIGTERM");
    await server.exit;
    const lines = server.stderr().trim().split("\n");
    const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ event: "request", path: "/v1/models", status: 401 }),
        expect.objectContaining({ event: "request", request_id: "mine", status: 200 }),
        expect.objectContaining({ event: "model.ready", model: "izwi-tiny" }),
      ]),
    );
    expect(server.stderr()).not.toContain("xylophone");
  });

  it("takes its settings from a file, and a flag over it", async () => {
    const env = cleanEnvironment();
    const config = join(env["IZWI_MODELS_DIR"]!, "..", "config.toml");
    writeFileSync(
      config,
      `[server]\napi_key = "from-file"\nlog_level = "off"\n[runtime]\ncontext_length = 64\nthread = 1\n`,
    );
    const server = await serve(["--config", config, "--api-key", "from-flag"], env);
    expect(server.stderr()).toContain("there is no setting runtime.thread; did you mean runtime.threads?");
    const chat = (key: string) =>
      fetch(`${server.url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-api-key": key },
        body: JSON.stringify({ messages: [{ role: "user", content: "word ".repeat(100) }] }),
      });
    expect((await chat("from-file")).status).toBe(401);
    const refused = await chat("from-flag");
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ error: { code: "context_length_exceeded" } });
    expect(server.stderr()).not.toContain("request ");
    server.kill("SIGTERM");
    expect(await server.exit).toBe(0);
  });

  it("ends with one clear line when it can't start", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    const { code, stderr } = await izwi(["serve", "--port", String(port)]);
    taken.close();
    expect(stderr).toBe(`error: Port ${port} is in use already. Stop what uses it, or choose another port.\n`);
    expect(code).toBe(1);

    const unknown = await izwi(["serve", "--port", "0", "--model", "izwi-tinny"]);
    expect(unknown.stderr).toContain("Did you mean izwi-tiny?");
    expect(unknown.code).toBe(1);
  });
});
