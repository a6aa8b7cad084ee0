/** Every TypeScript sample of the guides compiles and runs as it stands. */
import { startServer, type RunningServer } from "@izwi/server";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compile, samplesOf } from "./samples.js";

const execute = promisify(execFile);
/** The address that the guides give for `izwi serve`. */
const SERVED = "http://localhost:8080/v1";

const readme = samplesOf("packages/sdk/README.md");
const guide = samplesOf("docs/guides/scaling.md");
const others = ["README.md", "packages/core/README.md", "packages/server/README.md"].flatMap((document) =>
  samplesOf(document).map(({ name, code }) => ({ name: `${document}: ${name}`, code })),
);

// Below node_modules, so that the samples find the packages that they import; git and the linters don't look there.
const folder = fileURLToPath(new URL("../../../node_modules/.cache/izwi-samples", import.meta.url));
const cwd = mkdtempSync(join(tmpdir(), "izwi-samples-"));
let server: RunningServer;
let programs: string[];

beforeAll(async () => {
  server = await startServer({ port: 0, preload: ["izwi-tiny"] });
  await server.ready;
  const here = [...readme, ...guide, ...others].map(({ name, code }) => ({
    name,
    // Any free port will do here, and there is a server at another address.
    code: code.replaceAll(SERVED, `${server.url}/v1`).replaceAll("port: 8080", "port: 0"),
  }));
  programs = compile(here, folder);
});
afterAll(async () => {
  await server.close({ graceMs: 1000 });
  rmSync(folder, { recursive: true, force: true });
  rmSync(cwd, { recursive: true, force: true });
});

async function run(program: string, env: Record<string, string> = {}): Promise<string> {
  const clean = { ...process.env, OPENAI_API_KEY: "", OPENAI_BASE_URL: "", CI: "", IZWI_MODELS_DIR: join(cwd, "none") };
  const { stdout } = await execute(process.execPath, [program], { cwd, timeout: 60_000, env: { ...clean, ...env } });
  return stdout;
}

describe("packages/sdk/README.md", () => {
  it("has samples for all that it explains", () => {
    expect(readme.length).toBeGreaterThanOrEqual(12);
    expect(readme.some(({ code }) => code.includes(SERVED))).toBe(true);
  });

  it.each(readme.map(({ name }, index) => [name, index] as const))("%s", async (_, index) => {
    expect((await run(programs[index]!)).trim()).not.toBe("");
  });

  it("leaves the files that it speaks of", () => {
    const session = JSON.parse(readFileSync(join(cwd, "session.json"), "utf8")) as { messages: unknown[] };
    expect(session.messages).toHaveLength(2);
    expect(existsSync(join(cwd, "greeting.json"))).toBe(true);
  });
});

describe("docs/guides/scaling.md", () => {
  it("the program runs in the process and against a server", async () => {
    expect(guide).toHaveLength(1);
    const program = programs[readme.length]!;
    expect(await run(program)).toMatch(/ (true|false) izwi-tiny\n$/);
    const remote = await run(program, { MODEL_URL: `${server.url}/v1`, MODEL_NAME: "builtin" });
    expect(remote).toMatch(/ (true|false) builtin\n$/);
  });
});

describe("the other packages' guides", () => {
  it.each(others.map(({ name }, index) => [name, index] as const))("%s", async (_, index) => {
    await expect(run(programs[readme.length + guide.length + index]!)).resolves.toBeTypeOf("string");
  });
});
