/** The official `openai` client for Python. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pythonPrograms } from "./python-environment.js";
import { MODEL, serve, type TestServer } from "./running-server.js";

const python = pythonPrograms();
const script = fileURLToPath(new URL("python/test_openai.py", import.meta.url));

describe.skipIf("missing" in python)(`the Python client${"missing" in python ? `: ${python.missing}` : ""}`, () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await serve();
  });
  afterAll(() => server.stop());

  it("works unchanged", async () => {
    const bin = "bin" in python ? python.bin : "";
    const { code, output } = await run(join(bin, "python"), [script, `${server.url}/v1`, MODEL]);
    expect(output.trim().split("\n").at(-1), output).toBe("many_at_once");
    expect(code).toBe(0);
    expect(await server.leftActive()).toBe(0);
  });
});

/** Not spawnSync, which would keep this process from reading the server's output. */
function run(command: string, args: string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args);
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}
