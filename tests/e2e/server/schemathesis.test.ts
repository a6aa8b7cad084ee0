/** Requests made up from /openapi.json by Schemathesis: whatever comes, the answer is documented and never a 5xx. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pythonPrograms } from "./python-environment.js";
import { serve, type TestServer } from "./running-server.js";

const python = pythonPrograms();

describe.skipIf("missing" in python)(`made-up requests${"missing" in python ? `: ${python.missing}` : ""}`, () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await serve("--log-level", "error");
  });
  afterAll(() => server.stop());

  it("are answered as documented", { timeout: 400_000 }, async () => {
    const bin = "bin" in python ? python.bin : "";
    const folder = mkdtempSync(join(tmpdir(), "izwi-schemathesis-"));
    const args = [
      ...["run", `${server.url}/openapi.json`, "--seed", "1", "--max-examples", "25", "--workers", "1"],
      ...[
        "--checks",
        "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
      ],
      ...["--phases", "examples,coverage,fuzzing", "--request-timeout", "60", "--no-color"],
    ];
    const output = await new Promise<string>((resolve, reject) => {
      const child = spawn(join(bin, "schemathesis"), args, { cwd: folder });
      let text = "";
      child.stdout.setEncoding("utf8").on("data", (more: string) => (text += more));
      child.stderr.setEncoding("utf8").on("data", (more: string) => (text += more));
      child.on("error", reject);
      child.on("close", (code) => resolve(`${text}\nexit code ${code}`));
    });
    rmSync(folder, { recursive: true, force: true });
    expect(output.trim().split("\n").at(-1), output).toBe("exit code 0");
  });
});
