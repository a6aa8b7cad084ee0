/** The program: gives `run` the real world, and the caller its exit code. */
import { loadCore } from "./core.js";
import { run } from "./run.js";

const { stdin, stdout, stderr, env } = process;
const code = await run(process.argv.slice(2), { stdin, stdout, stderr, env, signals: process, loadCore });
// Everything is closed and written by now; a handle left open somewhere must not keep the caller waiting.
process.exit(code);
