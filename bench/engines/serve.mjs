/**
 * An engine's side of the line protocol: loads it, answers the workloads on standard input one by one, ends with the input.
 *
 * A line in: `{ cached, prompts, generated }`, where `cached` of each prompt's ids are in the KV cache before the clock
 * starts. A line out: `@ { ms, prompt, generated }`, tokens that all sequences together prefilled and generated; other
 * lines are what a library has to say.
 */
import { createInterface } from "node:readline";

/** @param load settings -> { about, prepare(prefixes), measure(prompts, cached, generated) -> { ms, prompt, generated }, close() } */
export async function serve(load) {
  const start = performance.now();
  const engine = await load(JSON.parse(process.argv[2]));
  reply({ about: engine.about, loadMs: performance.now() - start });
  for await (const line of createInterface({ input: process.stdin })) {
    const { cached, prompts, generated } = JSON.parse(line);
    await engine.prepare(prompts.map((ids) => ids.slice(0, cached)));
    reply(await engine.measure(prompts, cached, generated));
  }
  await engine.close();
  process.exit();
}

const reply = (value) => process.stdout.write(`@ ${JSON.stringify(value)}\n`);
