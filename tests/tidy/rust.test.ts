import { describe, expect, it } from "vitest";
import { filesEnding, withoutComments } from "./source-files.js";

/** Which crates of the workspace each crate may name: the house's arrows. */
const MAY_NAME: Record<string, string[]> = {
  kernels: [],
  model: ["kernels"],
  text: [],
  engine: ["model"],
  runtime: ["engine", "model", "text"],
  binding: ["runtime"],
};

const manifests = new Map(
  filesEnding("Cargo.toml")
    .filter(({ path }) => path.startsWith("crates/"))
    .map(({ path, text }) => [path.split("/")[1]!, text]),
);
const sources = filesEnding(".rs").map(({ path, text }) => ({ path, code: withoutComments(text) }));

const crateOf = (path: string): string => path.split("/")[1]!;

/** The Rust files that mention `pattern` although they are in none of `crates`. */
function strangers(pattern: RegExp, ...crates: string[]): string[] {
  return sources
    .filter(({ path, code }) => !crates.includes(crateOf(path)) && pattern.test(code))
    .map(({ path }) => path);
}

/** The names before `=` or `.workspace` in a manifest's normal and build dependencies. */
function dependencies(manifest: string): string[] {
  const sections = manifest
    .split(/^\[/m)
    .filter((section) => /^(target\.[^\]]*\.)?(build-)?dependencies\]/.test(section));
  return sections.flatMap((section) => [...section.matchAll(/^([\w-]+)(?:\.|\s*=)/gm)].map(([, name]) => name!));
}

describe("the crates", () => {
  it("are those that the rules know", () => {
    expect([...manifests.keys()].sort()).toEqual(Object.keys(MAY_NAME).sort());
  });

  it.each(Object.entries(MAY_NAME))("%s depends on nothing of ours but %j", (crate, allowed) => {
    const ours = dependencies(manifests.get(crate)!).filter((name) => name.startsWith("izwi-"));
    expect(allowed.map((name) => `izwi-${name}`)).toEqual(expect.arrayContaining(ours));
  });

  it("leave candle to the model", () => {
    expect(strangers(/\bcandle_(core|nn|transformers)\b/, "model")).toEqual([]);
    const users = [...manifests].filter(([, text]) => dependencies(text).some((name) => name.startsWith("candle")));
    expect(users.map(([crate]) => crate)).toEqual(["model"]);
  });

  it("leave Node to the binding", () => {
    expect(strangers(/\bnapi(_derive)?::|#\[napi/, "binding")).toEqual([]);
    const users = [...manifests].filter(([, text]) => dependencies(text).some((name) => name.startsWith("napi")));
    expect(users.map(([crate]) => crate)).toEqual(["binding"]);
  });

  it("leave the processor's own instructions to the kernels", () => {
    expect(strangers(/\b(core|std)::arch\b|target_feature|is_\w+_feature_detected|\basm!/, "kernels")).toEqual([]);
  });

  it("keep text and JSON out of the engine", () => {
    const engine = sources.filter(({ path }) => path.startsWith("crates/engine/"));
    expect(engine.length).toBeGreaterThan(0);
    const named = engine.filter(({ code }) => /\b(serde(_json)?|izwi_text|tokenizers|minijinja|tokio)\b/.test(code));
    expect(named.map(({ path }) => path)).toEqual([]);
    const foreign = dependencies(manifests.get("engine")!).filter((name) => /serde|text|tokenizers|tokio/.test(name));
    expect(foreign).toEqual([]);
  });
});
