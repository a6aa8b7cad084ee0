/** The child's side: loads one engine, answers the parent's workloads one by one, ends when it hangs up. */
import { promptTokens } from "../workloads.mjs";

/** @param load settings -> { about, measure(workload, tokenIds) -> { ms, prompt, generated }, close() } */
export async function serve(load) {
  const start = performance.now();
  const engine = await load(JSON.parse(process.argv[2]));
  process.on("message", async ({ workload, seed }) => {
    const { cached, prompt, generated } = workload;
    const result = await engine.measure(workload, promptTokens(cached + prompt, seed));
    if (result.prompt !== prompt || result.generated !== generated) {
      throw new Error(`${workload.name}: ${result.prompt} tokens prefilled and ${result.generated} generated.`);
    }
    process.send({ ms: result.ms });
  });
  process.on("disconnect", async () => {
    await engine.close();
    process.exit();
  });
  process.send({ about: engine.about, loadMs: performance.now() - start });
}
