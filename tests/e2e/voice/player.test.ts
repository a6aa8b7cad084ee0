/** The sound on its way to a player: a program that notes what it is given. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { cleanEnvironment, greedy, izwi, program } from "../cli/program.js";
import { pause } from "../server/running-server.js";

const folder = mkdtempSync(join(tmpdir(), "izwi-player-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Takes raw samples by standard input into a file; with a third argument it is as slow as hearing. */
const raw = join(folder, "raw.mjs");
writeFileSync(
  raw,
  `import { createWriteStream, writeFileSync } from "node:fs";
const [, , file, rate, slow] = process.argv;
writeFileSync(file + ".pid", String(process.pid));
writeFileSync(file + ".rate", rate);
const out = createWriteStream(file);
for await (const piece of process.stdin) {
  out.write(piece);
  if (slow) await new Promise((resolve) => setTimeout(resolve, (piece.length / 2 / Number(rate)) * 1000));
}
out.end();`,
);
/** Copies the WAV file that it is to play. */
const copy = join(folder, "copy.mjs");
writeFileSync(
  copy,
  `import { copyFileSync, existsSync } from "node:fs";
let number = 1;
while (existsSync(process.argv[3] + number)) number += 1;
copyFileSync(process.argv[2], process.argv[3] + number);`,
);

const player = (...args: string[]) => ({ IZWI_PLAYER: [process.execPath, ...args].map((arg) => `"${arg}"`).join(" ") });

it("gets samples at the rate that it is told", async () => {
  const file = join(folder, "speech.raw");
  const outcome = await izwi(["tts", "Good morning, everybody."], { env: player(raw, file, "{rate}") });
  expect(outcome).toMatchObject({ code: 0, stderr: "" });
  const seconds = statSync(file).size / 2 / Number(readFileSync(`${file}.rate`, "utf8"));
  expect(seconds).toBeGreaterThan(0.8);
  expect(seconds).toBeLessThan(5);
});

it("gets a WAV file for each sentence where it plays files, and speaks a chat's answer", async () => {
  const file = join(folder, "sentence");
  const env = player(copy, "{file}", file);
  await izwi(["tts", "This is the first sentence. And this is the second."], { env });
  expect(readFileSync(`${file}1`).toString("latin1", 0, 4)).toBe("RIFF");
  expect(existsSync(`${file}2`)).toBe(true);
  expect(existsSync(`${file}3`)).toBe(false);
  const { code } = await izwi(["chat", "-p", "What are you?", ...greedy, "--voice", "default"], { env });
  expect(code).toBe(0);
  expect(existsSync(`${file}3`)).toBe(true);
});

it("is silenced by Ctrl+C", async () => {
  const file = join(folder, "long.raw");
  const text = "This is a long story that nobody wants to hear to its end. ".repeat(20);
  const env = cleanEnvironment(player(raw, file, "{rate}", "slow"));
  const child = spawn(process.execPath, [program, "tts", text], { env, stdio: "ignore" });
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  for (let tries = 0; tries < 200 && !(existsSync(file) && statSync(file).size > 10_000); tries += 1) await pause(25);
  child.kill("SIGINT");
  expect(await exited).toBe(130);
  const playerPid = Number(readFileSync(`${file}.pid`, "utf8"));
  await pause(100);
  expect(() => process.kill(playerPid, 0)).toThrow("ESRCH");
});

it("fails clearly where the program isn't there or can't play", async () => {
  const missing = await izwi(["tts", "Hello"], { env: { IZWI_PLAYER: join(folder, "nothing") } });
  expect(missing.code).toBe(1);
  expect(missing.stderr).toContain("can't be started");
  const broken = await izwi(["tts", "Hello"], { env: { IZWI_PLAYER: `"${process.execPath}" -e "process.exit(3)"` } });
  expect(broken.code).toBe(1);
  expect(broken.stderr).toContain("exit code 3");
});
