/** Izwi speaks; this listens. */
import { listVoices, loadVoice, SpeechStream } from "@izwi/core";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { greedy, izwi } from "../cli/program.js";
import { serve, type TestServer } from "../server/running-server.js";
import { listen } from "./sound.js";

const folder = mkdtempSync(join(tmpdir(), "izwi-voice-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TWO_SENTENCES = "Good morning, everybody. It is a beautiful day.";

describe("izwi tts", () => {
  it("writes a WAV file in which sentences are heard, with a pause between them", async () => {
    const file = join(folder, "morning.wav");
    const outcome = await izwi(["tts", TWO_SENTENCES, "--output", file]);
    expect(outcome).toMatchObject({ code: 0, stdout: "" });
    const heard = listen(readFileSync(file));
    expect(heard.seconds).toBeGreaterThan(2);
    expect(heard.seconds).toBeLessThan(8);
    expect(heard.loudness).toBeGreaterThan(0.02);
    expect(heard.pauses).toBeGreaterThanOrEqual(1);
  });

  it("speaks faster when told to, and what comes through a pipe", async () => {
    const [slow, fast] = [join(folder, "slow.wav"), join(folder, "fast.wav")];
    await izwi(["tts", "--output", slow], { input: TWO_SENTENCES });
    await izwi(["tts", "--output", fast, "--speed", "2"], { input: TWO_SENTENCES });
    const ratio = listen(readFileSync(slow)).seconds / listen(readFileSync(fast)).seconds;
    expect(ratio).toBeGreaterThan(1.4);
  });

  it("lists its voices, and refuses others", async () => {
    const list = await izwi(["tts", "--voice", "list", "--output-format", "json"]);
    expect(list.stdout).toContain('"slt"');
    const wrong = await izwi(["tts", "Hello", "--voice", "nobody", "--output", join(folder, "no.wav")]);
    expect(wrong.code).not.toBe(0);
    expect(wrong.stderr).toContain("slt");
  });

  it("says what to do where nothing can play", async () => {
    const outcome = await izwi(["tts", "Hello"], { env: { PATH: folder } });
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain("--output FILE.wav");
  });
});

describe("izwi chat --voice", () => {
  it("speaks the answer that it prints", async () => {
    const file = join(folder, "chat.wav");
    const { stdout, code } = await izwi([
      "chat",
      "-p",
      "What are you?",
      ...greedy,
      "--voice",
      "slt",
      "--voice-out",
      file,
    ]);
    expect(code).toBe(0);
    expect(stdout.trim()).not.toBe("");
    const heard = listen(readFileSync(file));
    expect(heard.loudness).toBeGreaterThan(0.02);
    // A voice says some 8 to 25 characters in a second.
    expect(heard.seconds).toBeGreaterThan(stdout.length / 40);
  });
});

describe("a text that is still being written", () => {
  it("is heard before it is complete, and can be silenced", async () => {
    expect((await listVoices()).some(({ isDefault }) => isDefault)).toBe(true);
    const voice = await loadVoice();
    try {
      const stream = new SpeechStream(voice);
      stream.push("The first sentence is complete. The second");
      const sentences = stream[Symbol.asyncIterator]();
      const first = await sentences.next();
      expect(first.value!.samples.length).toBeGreaterThan(8000);
      stream.push(" one follows it.");
      stream.end();
      expect((await sentences.next()).value!.text).toContain("second one");
      expect((await sentences.next()).done).toBe(true);

      const silencer = new AbortController();
      const silenced = new SpeechStream(voice, { signal: silencer.signal });
      silenced.push("This is never heard to its end. Nor is this.");
      silencer.abort();
      await expect(silenced[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "ABORTED" });
    } finally {
      await voice.close();
    }
  });
});

describe("POST /v1/audio/speech", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await serve();
  });
  afterAll(() => server.stop());

  const post = (body: object) =>
    fetch(`${server.url}/v1/audio/speech`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });

  it("gives the sound as OpenAI's clients want it", async () => {
    const wav = await post({ model: "tts-1", input: TWO_SENTENCES, voice: "alloy" });
    expect(wav.headers.get("content-type")).toBe("audio/wav");
    const heard = listen(Buffer.from(await wav.arrayBuffer()));
    expect(heard.loudness).toBeGreaterThan(0.02);
    const pcm = Buffer.from(await (await post({ input: TWO_SENTENCES, response_format: "pcm" })).arrayBuffer());
    expect(pcm.length / 2 / 24_000).toBeCloseTo(heard.seconds, 0);
  });

  it("lists voices and refuses what it can't do", async () => {
    const { voices } = (await (await fetch(`${server.url}/v1/audio/voices`)).json()) as { voices: { id: string }[] };
    expect(voices.map(({ id }) => id)).toContain("slt");
    const mp3 = await post({ input: "Hello", response_format: "mp3" });
    expect(mp3.status).toBe(400);
    expect(await mp3.json()).toMatchObject({ error: { param: "response_format" } });
    expect((await post({ input: "…" })).status).toBe(400);
    expect((await post({ input: "Hello", voice: "nobody" })).status).toBe(400);
  });
});
