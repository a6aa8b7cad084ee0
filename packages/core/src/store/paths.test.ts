import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { modelsDirectory } from "./paths.js";

describe("modelsDirectory", () => {
  const at = (platform: NodeJS.Platform, env: Record<string, string> = {}, home = "/home/me") =>
    modelsDirectory(undefined, { platform, env, home });

  it("is the platform's data directory", () => {
    expect(at("linux")).toBe("/home/me/.local/share/izwi/models");
    expect(at("linux", { XDG_DATA_HOME: "/data" })).toBe("/data/izwi/models");
    expect(at("linux", { XDG_DATA_HOME: "relative" })).toBe("/home/me/.local/share/izwi/models");
    expect(at("darwin", {}, "/Users/me")).toBe("/Users/me/Library/Application Support/izwi/models");
    expect(at("win32", { APPDATA: "C:\\Data" })).toBe("C:\\Data\\izwi\\models");
    expect(at("win32", {}, "C:\\Users\\me")).toBe("C:\\Users\\me\\AppData\\Roaming\\izwi\\models");
  });

  it("gives way to IZWI_MODELS_DIR, and that to an explicit choice", () => {
    const env = { IZWI_MODELS_DIR: "/from/env" };
    expect(at("linux", env)).toBe(resolve("/from/env"));
    expect(modelsDirectory("chosen", { platform: "linux", env, home: "/" })).toBe(resolve("chosen"));
  });
});
