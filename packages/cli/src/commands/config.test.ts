import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync, lstatSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { FakeWorld } from "../fakes/fake-world.js";

const text = (world: FakeWorld) => readFileSync(world.configFile, "utf8");
/** Runs a command of its own world on the same file. */
async function izwi(world: FakeWorld, ...argv: string[]) {
  const next = new FakeWorld({ env: { ...world.env } });
  const code = await next.run("config", ...argv);
  return { code, stdout: next.stdout.text, stderr: next.stderr.text };
}

it("sets a value, keeps comments, and gets it back", async () => {
  const world = new FakeWorld({ config: "# mine\n[server]\nport = 1 # low\n" });
  expect(await world.run("config", "set", "server.port", "9000")).toBe(0);
  expect(text(world)).toBe("# mine\n[server]\nport = 9000 # low\n");
  expect(world.stderr.text).toBe(`server.port = 9000 (${world.configFile})\n`);
  expect(await izwi(world, "get", "server.port")).toMatchObject({ code: 0, stdout: "9000\n" });
  await izwi(world, "set", "server.cors_origins", "http://a, http://b");
  expect(text(world)).toContain('cors_origins = ["http://a", "http://b"]');
  await izwi(world, "unset", "server.port");
  expect(await izwi(world, "get", "server.port")).toMatchObject({ stdout: "8080\n" });
});

it.each([
  [["set", "server.prot", "1"], "There is no setting server.prot; did you mean server.port?"],
  [["set", "server.port", "70000"], "server.port must be a whole number from 0 to 65535"],
  [["set", "server.port", ""], "must not be empty"],
  [["set", "runtime.backend", "gpu"], "runtime.backend must be one of auto, cpu"],
  [["set", "ui.enabled", "maybe"], "ui.enabled must be true or false"],
  [["get", "nonsense"], "There is no setting nonsense."],
  [["reset"], "give --yes to reset"],
])("%j is wrong usage", async (argv, message) => {
  const world = new FakeWorld({ config: "a = 1\n" });
  expect(await world.run("config", ...argv)).toBe(2);
  expect(world.stderr.text).toContain(message);
  expect(text(world)).toBe("a = 1\n");
});

it("changes nothing in a file that isn't TOML, or that it can't change safely", async () => {
  const broken = new FakeWorld({ config: "[server\n" });
  expect(await broken.run("config", "set", "server.port", "1")).toBe(2);
  expect(broken.stderr.text).toContain("isn't valid TOML");
  const inline = new FakeWorld({ config: "server = { port = 1 }\n" });
  expect(await inline.run("config", "set", "server.port", "2")).toBe(1);
  expect(inline.stderr.text).toContain("use izwi config edit");
  expect([text(broken), text(inline)]).toEqual(["[server\n", "server = { port = 1 }\n"]);
});

it.runIf(process.platform !== "win32")("keeps keys for their owner, and links links", async () => {
  const world = new FakeWorld();
  const real = path.join(path.dirname(world.configFile), "real.toml");
  writeFileSync(real, "");
  const link = `${world.configFile}.link`;
  symlinkSync(real, link);
  expect(await world.run("--config", link, "config", "set", "server.api_key", "secret")).toBe(0);
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(statSync(real).mode & 0o077).toBe(0);
  expect(world.stderr.text).not.toContain("secret");
  const shown = new FakeWorld({ env: { IZWI_CONFIG: real } });
  await shown.run("config", "show");
  expect(shown.stdout.text).toMatch(/^server\.api_key\s+\*{8}\s+file$/m);
});

it("shows where each value comes from, and what is wrong", async () => {
  const world = new FakeWorld({
    config: '[server]\nport = 9000\nkeep_alive = "soon"\n[sever]\nhost = "x"\n',
    env: { IZWI_PORT: "9001", IZWI_NO_UI: "1" },
  });
  expect(await world.run("config", "show", "--output-format", "json")).toBe(1);
  const { settings, problems } = JSON.parse(world.stdout.text);
  expect(settings).toMatchObject({
    "server.port": { value: "9001", source: "IZWI_PORT" },
    "ui.enabled": { value: "false", source: "IZWI_NO_UI" },
    "runtime.backend": { value: "auto", source: "default" },
    "runtime.threads": { value: null, source: "default" },
  });
  expect(problems).toEqual([
    expect.stringContaining("there is no setting sever.host; did you mean server.host?"),
    expect.stringContaining("keep_alive"),
  ]);
  const yaml = await izwi(world, "show", "--output-format", "yaml");
  expect(yaml.stdout).toContain('  server.port:\n    value: "9001"\n    source: IZWI_PORT\n');
});

it("shows the defaults where there is no file", async () => {
  const world = new FakeWorld({ env: { IZWI_CONFIG: path.join(process.cwd(), "no", "such.toml") } });
  expect(await world.run("config", "show")).toBe(0);
  expect(world.stdout.text).toMatch(/^server\.port\s+8080\s+default$/m);
  expect(world.stderr.text).toContain("isn't there yet");
});

it("prints where the file is, and puts it aside", async () => {
  const world = new FakeWorld({ config: "a = 1\n" });
  expect(await world.run("config", "path")).toBe(0);
  expect(world.stdout.text).toBe(`${world.configFile}\n`);
  expect(await izwi(world, "reset", "-y")).toMatchObject({ code: 0 });
  expect(existsSync(world.configFile)).toBe(false);
  expect(readFileSync(`${world.configFile}.bak`, "utf8")).toBe("a = 1\n");
});

it.runIf(process.platform !== "win32")("opens an editor, and says what is wrong afterwards", async () => {
  const world = new FakeWorld({ env: { EDITOR: 'sh -c \'echo "[server]\nport = 99999" > "$0"\'' } });
  expect(await world.run("config", "edit")).toBe(1);
  expect(text(world)).toContain("port = 99999");
  expect(world.stderr.text).toContain("server.port in");
  const failing = new FakeWorld({ env: { VISUAL: "false" } });
  expect(await failing.run("config", "edit")).toBe(1);
  expect(failing.stderr.text).toContain("The editor 'false' failed.");
});
