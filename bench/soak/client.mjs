// One client of a storm: asks, and each time stays, leaves, breaks off, or asks for nonsense.
import { connect } from "node:net";
import { pause } from "./server.mjs";

/** What can become of a request. Each is exactly one of these. */
export const OUTCOMES = ["answered", "refused", "busy", "left", "cut"];

const SHARES = { nonsense: 0.12, leaves: 0.25, cuts: 0.08 };
const LATEST_LEAVE_MS = 400;

/** The same choices in every run. */
export function randomNumbers(seed) {
  let state = Math.imul(seed, 2_654_435_761) + 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** One short request. */
export async function askShortly({ url, model }, index) {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model,
      messages: [{ role: "user", content: `My number is ${index}.` }],
      max_tokens: 4,
      stream: index % 2 === 0,
    }),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`status ${response.status}: ${text.slice(0, 200)}`);
}

/** Asks once. Throws for anything that a server must not do. */
export async function askAtRandom(server, random) {
  const choice = random();
  if (choice < SHARES.nonsense) return askNonsense(server, random);
  if (choice < SHARES.nonsense + SHARES.cuts) return cutOff(server, random);
  const leaves = choice < SHARES.nonsense + SHARES.cuts + SHARES.leaves;
  return askAndRead(server, random, leaves ? random() * LATEST_LEAVE_MS : undefined);
}

function chatBody({ model }, random) {
  const words = "word ".repeat(random() * 150);
  return {
    model,
    messages: [{ role: "user", content: `Say ${Math.floor(random() * 1e6)}. ${words}` }],
    max_tokens: 1 + Math.floor(random() * 60),
    temperature: 1.5,
    stream: random() < 0.6,
  };
}

async function askAndRead(server, random, leaveAfterMs) {
  const body = chatBody(server, random);
  const leave = new AbortController();
  const timer = leaveAfterMs === undefined ? undefined : setTimeout(() => leave.abort(), leaveAfterMs);
  try {
    const { status, text, headers } = await post(server, "/v1/chat/completions", JSON.stringify(body), leave.signal);
    if (status === 429) {
      if (headers.get("retry-after") === null) throw new Error("A client was turned away without Retry-After.");
      await pause(20 + random() * 200);
      return "busy";
    }
    if (status !== 200) throw new Error(`status ${status}: ${text.slice(0, 200)}`);
    if (body.stream) checkStream(text);
    else if (JSON.parse(text).choices.length !== 1) throw new Error(`No answer: ${text.slice(0, 200)}`);
    return "answered";
  } catch (error) {
    if (leave.signal.aborted && error.name === "AbortError") return "left";
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function checkStream(text) {
  const whole = text.endsWith("data: [DONE]\n\n") && /"finish_reason":"(stop|length)"/.test(text);
  if (!whole || text.includes('"error"')) throw new Error(`A stream without its end: …${text.slice(-200)}`);
}

async function askNonsense(server, random) {
  const chat = chatBody(server, random);
  const kinds = [
    [400, JSON.stringify({ ...chat, messages: [{ role: "user", content: 7 }] })],
    [400, JSON.stringify({ ...chat, temperature: "hot" })],
    [400, JSON.stringify({ ...chat, messages: [] })],
    [400, `{"messages": [{"role": "user", "content": "Hello`],
    [400, JSON.stringify({ ...chat, messages: [{ role: "user", content: "word ".repeat(20_000) }] })],
    [404, JSON.stringify({ ...chat, model: "no-such-model" })],
  ];
  const [expected, body] = kinds[Math.floor(random() * kinds.length)];
  const { status, text } = await post(server, "/v1/chat/completions", body);
  if (status === 429) return "busy";
  if (status !== expected) throw new Error(`status ${status} in place of ${expected}: ${text.slice(0, 200)}`);
  if (typeof JSON.parse(text).error.message !== "string") throw new Error(`No error: ${text.slice(0, 200)}`);
  return "refused";
}

/** Sends a part of a request, or all of it, and breaks the connection off, with or without a goodbye. */
async function cutOff(server, random) {
  const { hostname, port } = new URL(server.url);
  const body = JSON.stringify({ ...chatBody(server, random), stream: true });
  const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/json\r\n`;
  const whole = `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on("error", () => {});
  await new Promise((resolve) => {
    socket.once("connect", resolve);
    socket.once("close", resolve);
  });
  socket.write(random() < 0.5 ? whole : whole.slice(0, random() * whole.length));
  await pause(random() * 150);
  if (random() < 0.5) socket.resetAndDestroy();
  else socket.destroy();
  return "cut";
}

async function post({ url }, path, body, signal) {
  const response = await fetch(`${url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
    signal,
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}
