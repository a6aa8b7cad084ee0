import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { configPath, readConfig } from "./config-file.js";
import { UsageError } from "./failure.js";
import { FakeWorld } from "./fakes/fake-world.js";

function file(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "izwi-config-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "config.toml"), text);
  return join(folder, "config.toml");
}

it("is where the platform keeps such files", () => {
  expect(configPath({}, "linux", "/home/me")).toBe("/home/me/.config/izwi/config.toml");
  expect(configPath({ XDG_CONFIG_HOME: "/cfg" }, "linux", "/home/me")).toBe("/cfg/izwi/config.toml");
  expect(configPath({ XDG_CONFIG_HOME: "cfg" }, "linux", "/home/me")).toBe("/home/me/.config/izwi/config.toml");
  expect(configPath({}, "darwin", "/Users/me")).toBe("/Users/me/Library/Application Support/izwi/config.toml");
  expect(configPath({ APPDATA: "C:\\Data" }, "win32", "C:\\Users\\me")).toBe("C:\\Data\\izwi\\config.toml");
});

describe("readConfig", () => {
  it("reads every kind of value as the text that it would be in the environment", async () => {
    const path = file(`
      [server]
      host = "0.0.0.0"
      port = 9_000
      cors = true
      cors_origins = ["http://a", "http://b"]
      [runtime]
      timeout = 0.5
    `);
    const { values, warnings, file: read } = await readConfig(path, {});
    expect(Object.fromEntries(values)).toEqual({
      "server.host": "0.0.0.0",
      "server.port": "9000",
      "server.cors": "true",
      "server.cors_origins": "http://a,http://b",
      "runtime.timeout": "0.5",
    });
    expect({ warnings, read }).toEqual({ warnings: [], read: path });
  });

  it("takes a folder relative to itself, or to the home folder", async () => {
    const path = file(`models.dir = "models"`);
    expect((await readConfig(path, {})).values.get("models.dir")).toBe(join(path, "..", "models"));
    const home = file(`models.dir = "~/models"`);
    expect((await readConfig(home, {})).values.get("models.dir")).toBe(join(homedir(), "models"));
  });

  it("warns of what it doesn't know, and of what does nothing", async () => {
    const path = file(`top = 1\n[server]\nprot = 80\n[ui]\ndir = "x"`);
    expect((await readConfig(path, {})).warnings).toEqual([
      `${path}: there is no setting top.`,
      `${path}: there is no setting server.prot; did you mean server.port?`,
      `${path}: ui.dir has no effect in this version.`,
    ]);
  });

  it.each([
    [`[server\nport = 1`, /isn't valid TOML: /],
    [`server.port = 2026-01-01`, /server\.port in .* must be a text, a number, true or false/],
  ])("refuses %j", async (text, message) => {
    await expect(readConfig(file(text), {})).rejects.toThrow(UsageError);
    await expect(readConfig(file(text), {})).rejects.toThrow(message);
  });

  it("is empty where there is no file, unless one was asked for", async () => {
    expect(await readConfig(undefined, { XDG_CONFIG_HOME: join(tmpdir(), "absent") })).toMatchObject({ warnings: [] });
    await expect(readConfig("/absent.toml", {})).rejects.toThrow("/absent.toml can't be read (ENOENT)");
    await expect(readConfig(undefined, { IZWI_CONFIG: "/absent.toml" })).rejects.toThrow("can't be read (ENOENT)");
  });
});

describe("every command", () => {
  it("reads it, and says what is wrong with it", async () => {
    const world = new FakeWorld({ config: `defaults.model = "mine"\nserver.hots = "x"`, installed: ["mine"] });
    expect(await world.run("chat", "-p", "hi")).toBe(0);
    expect(world.core.loaded).toMatchObject([{ name: "mine" }]);
    expect(world.stderr.text).toContain("there is no setting server.hots; did you mean server.host?");
  });

  it("takes flags and environment first", async () => {
    const config = `runtime.threads = 3\nruntime.context_length = 512\nmodels.dir = "/from-file"`;
    const world = new FakeWorld({ config, env: { IZWI_NUM_THREADS: "2" } });
    await world.run("chat", "-p", "hi", "--context-length", "1024");
    expect(world.core.loaded).toMatchObject([
      { options: { threads: 2, contextLength: 1024, modelsDir: "/from-file" } },
    ]);
  });

  it("fails with a clear line when --config names no file", async () => {
    const world = new FakeWorld();
    expect(await world.run("list", "--config", "/absent.toml")).toBe(2);
    expect(world.stderr.text).toContain("error: The configuration file /absent.toml can't be read (ENOENT).");
  });
});
