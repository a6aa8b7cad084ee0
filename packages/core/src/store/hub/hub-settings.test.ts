import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../fakes/temporary-folder.js";
import { hubSettings } from "./hub-settings.js";

const home = "/nowhere/home";
const at = (env: Record<string, string>) => hubSettings(env, home);

describe("the hub's settings", () => {
  it("has the hub's own defaults", async () => {
    expect(at({})).toMatchObject({ endpoint: "https://huggingface.co", offline: false });
    expect(at({}).cache).toBe(join(home, ".cache", "huggingface", "hub"));
    expect(await at({}).token()).toBeUndefined();
  });

  it("follows the variables", async () => {
    expect(at({ HF_ENDPOINT: "https://mirror.example/hub/" }).endpoint).toBe("https://mirror.example/hub");
    expect(["1", "ON", "yes", "True"].map((value) => at({ HF_HUB_OFFLINE: value }).offline)).toEqual(
      Array(4).fill(true),
    );
    expect(at({ HF_HUB_OFFLINE: "0" }).offline).toBe(false);
    expect(at({ HF_HOME: "/h" }).cache).toBe(join("/h", "hub"));
    expect(at({ HF_HOME: "/h", HF_HUB_CACHE: "/c" }).cache).toBe("/c");
    expect(await at({ HF_TOKEN: " hf_x " }).token()).toBe("hf_x");
  });

  it("reads the token that a login has left, at the time it is needed", async () => {
    const folder = temporaryFolder();
    const settings = at({ HF_HOME: folder });
    writeFileSync(join(folder, "token"), "hf_file\n");
    expect(await settings.token()).toBe("hf_file");
    expect(await at({ HF_TOKEN_PATH: join(folder, "token"), HF_TOKEN: "hf_env" }).token()).toBe("hf_env");
  });

  it.each(["huggingface.co", "ftp://x", "https://x/?q=1"])("refuses the endpoint %j", (endpoint) => {
    expect(() => at({ HF_ENDPOINT: endpoint })).toThrow(/HF_ENDPOINT must be an address/);
  });

  it("refuses what can't be a token", async () => {
    await expect(at({ HF_TOKEN: "a b" }).token()).rejects.toMatchObject({ code: "INVALID_REQUEST" });
  });
});
