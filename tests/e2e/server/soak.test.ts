/** Sixteen clients for a minute, some of whom leave in the middle or ask for nonsense: nothing is lost, nothing stays behind. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { MODEL, pause, serve, type TestServer } from "./running-server.js";

const CLIENTS = 16;
const SECONDS = Number(process.env["IZWI_SOAK_SECONDS"] ?? 60);

let server: TestServer;
beforeAll(async () => {
  server = await serve("--log-level", "error");
});
afterAll(() => server.stop());

type Outcome = "answered" | "left" | "refused";

/** The same choices in every run. */
function randomNumbers(seed: number): () => number {
  let state = seed * 2_654_435_761 + 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

async function ask(random: () => number): Promise<Outcome> {
  const nonsense = random() < 0.15;
  const stream = random() < 0.6;
  const leaves = !nonsense && random() < 0.35;
  const aborter = new AbortController();
  const body = {
    model: MODEL,
    messages: [
      { role: "user", content: nonsense ? 7 : `Say ${Math.floor(random() * 1e6)}. ${"word ".repeat(random() * 200)}` },
    ],
    max_tokens: 1 + Math.floor(random() * 120),
    temperature: 1.5,
    stream,
  };
  if (leaves) void pause(random() * 300).then(() => aborter.abort());
  try {
    const response = await fetch(`${server.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: aborter.signal,
    });
    const text = await response.text();
    if (nonsense) {
      expect(response.status).toBe(400);
      expect((JSON.parse(text) as { error: { type: string } }).error.type).toBe("invalid_request_error");
      return "refused";
    }
    expect(response.status, text).toBe(200);
    if (stream) {
      expect(text.endsWith("data: [DONE]\n\n"), text).toBe(true);
      expect(text).toMatch(/"finish_reason":"(stop|length)"/);
      expect(text).not.toContain('"error"');
    } else {
      expect((JSON.parse(text) as { choices: unknown[] }).choices).toHaveLength(1);
    }
    return "answered";
  } catch (error) {
    if (aborter.signal.aborted && (error as Error).name === "AbortError") return "left";
    throw error;
  }
}

async function clients(seconds: number, firstSeed: number): Promise<Record<Outcome, number>> {
  const counts = { answered: 0, left: 0, refused: 0 };
  const end = Date.now() + seconds * 1000;
  const client = async (index: number) => {
    const random = randomNumbers(firstSeed + index);
    while (Date.now() < end) counts[await ask(random)] += 1;
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, index) => client(index)));
  return counts;
}

it(
  `serves ${CLIENTS} clients for ${SECONDS} seconds and is as before`,
  async () => {
    // The first requests fill pools and caches that stay.
    await clients(Math.max(2, SECONDS / 6), 100);
    expect(await server.leftActive()).toBe(0);
    const memoryBefore = server.residentBytes();
    const counts = await clients(SECONDS, 1);
    expect(await server.leftActive()).toBe(0);
    expect(counts.answered).toBeGreaterThan(CLIENTS);
    expect(counts.left).toBeGreaterThan(0);
    expect(counts.refused).toBeGreaterThan(0);
    expect(await server.metric("izwi_kv_cache_blocks", 'state="used"')).toBe(0);
    const grown = (server.residentBytes() - memoryBefore) / 2 ** 20;
    expect(grown, `grown by ${grown.toFixed(1)} MiB`).toBeLessThan(64);
  },
  SECONDS * 3000 + 60_000,
);
