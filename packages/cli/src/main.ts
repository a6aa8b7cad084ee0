/** The program: gives `run` the real world, and the caller its exit code. */
import { openBrowser } from "./browser.js";
import { loadCore } from "./core.js";
import { run } from "./run.js";
import { loadServer } from "./server.js";

const { stdin, stdout, stderr, env } = process;
const world = { stdin, stdout, stderr, env, signals: process, loadCore, loadServer, openBrowser };
const code = await run(process.argv.slice(2), world);
// Everything is closed and written by now; a handle left open somewhere must not keep the caller waiting.
process.exit(code);
