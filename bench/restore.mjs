// node bench/restore.mjs [tokens] [quantization]: a conversation restored from its KV cache file, beside reading it again.
//
// Each way in a process of its own, as after a restart; the file is in the page cache. What counts is the time from the
// loaded model to the first token.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadModel } from "@izwi/core";
import { describeMachine } from "./machine.mjs";
import { modelFile } from "./model-files.mjs";
import { median } from "./results.mjs";
import { randomTokens } from "./workloads.mjs";

const ROUNDS = 5;

if (process.argv[2] === "--one") {
  const [way, path, file, count] = process.argv.slice(3);
  console.log(JSON.stringify(await measure(way, path, file, Number(count))));
} else {
  const tokens = Number(process.argv[2] ?? 8192);
  const path = modelFile(process.argv[3] ?? "Q4_K_M");
  const folder = mkdtempSync(join(tmpdir(), "izwi-restore-"));
  const file = join(folder, "conversation.kv");
  const one = (way) => {
    const args = [fileURLToPath(import.meta.url), "--one", way, path, file, String(tokens)];
    return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
  };
  try {
    const again = one("again");
    const restored = Array.from({ length: ROUNDS }, () => one("restore"));
    const ms = (name) => Math.round(median(restored.map((round) => round[name])));
    const machine = describeMachine();
    console.log(`${machine.cpu}, ${machine.cores} cores, load before ${machine.loadBefore.toFixed(1)}`);
    console.log(`${tokens} tokens, a file of ${Math.round(statSync(file).size / 1e6)} MB`);
    console.log(
      `read again: first token after ${Math.round(again.total)} ms; saving took ${Math.round(again.save)} ms`,
    );
    console.log(
      `restored, median of ${ROUNDS}: file ${ms("load")} ms + first token ${ms("first")} ms = ${ms("total")} ms`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(way, path, file, count) {
  const model = await loadModel(path, { contextLength: count + 256 });
  const tokenIds = randomTokens(count, 1);
  const start = performance.now();
  if (way === "restore") await model.loadCache(file);
  const loaded = performance.now();
  // The next turn: a few tokens more than before.
  for await (const event of model.complete({ tokenIds: [...tokenIds, 1, 2, 3, 4], maxTokens: 1, temperature: 0 })) {
    if (event.type === "end" && way === "restore" && event.usage.cachedTokens < count - 32)
      throw new Error("not restored");
  }
  const end = performance.now();
  if (way === "again") await model.saveCache(file, tokenIds);
  const saved = performance.now();
  await model.close();
  return { load: loaded - start, first: end - loaded, total: end - start, save: saved - end };
}
